using System.Globalization;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.TestServers;

/// <summary>A Redis, a Valkey or a sentinel for tests: on 127.0.0.1, with a throw-away folder, gone with the run even when the run is killed.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const int PortAttempts = 5;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(25);

    private readonly RedisServerOptions _options;
    private readonly RedisBinaries _binaries;
    private readonly ServerAccount _account;
    private readonly ServerProcess _process;

    private RedisServer(RedisServerOptions options, RedisBinaries binaries, ServerAccount account, ServerProcess process)
    {
        _options = options;
        _binaries = binaries;
        _account = account;
        _process = process;
        AdminPassword = options.AdminPassword ?? NewPassword();
    }

    /// <summary>Always 127.0.0.1.</summary>
    public string Host { get; } = "127.0.0.1";

    /// <summary>The port; the bus of a cluster has another one.</summary>
    public int Port { get; private set; }

    /// <summary>Host and port.</summary>
    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    /// <summary>The port of a cluster's bus, where there is one.</summary>
    public int BusPort { get; private set; }

    /// <summary>The admin's name.</summary>
    public string AdminUser => _options.AdminUser;

    /// <summary>The admin's password, random unless given.</summary>
    public string AdminPassword { get; }

    /// <summary>Which Redis it is.</summary>
    public RedisRelease Release => _options.Release;

    /// <summary>The server's own folder: its configuration, its ACL file, its data.</summary>
    public string DataDirectory => Path.Combine(_process.Folder, "data");

    /// <summary>The configuration's file.</summary>
    public string ConfigPath => Path.Combine(DataDirectory, "redis.conf");

    /// <summary>The ACL file, where there is one.</summary>
    public string AclPath => Path.Combine(DataDirectory, "users.acl");

    /// <summary>The command that keeps the users over a restart, or null where nothing does.</summary>
    public string? KeepsUsersBy => _options.HasAclFile ? "ACL SAVE" : _options.HasConfigFile ? "CONFIG REWRITE" : null;

    /// <summary>The server's process id.</summary>
    public int ProcessId => _process.ProcessId;

    /// <summary>Whether the process has ended.</summary>
    public bool HasEnded => _process.ExitCode is not null;

    /// <summary>Letters and digits, as many as make it safe.</summary>
    public static string NewPassword() => RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 32);

    /// <summary>Starts a server.</summary>
    /// <exception cref="ServerUnavailableException">There is no server to be had; the message says why.</exception>
    public static async Task<RedisServer> StartAsync(RedisServerOptions? options = null, CancellationToken ct = default)
    {
        options ??= new RedisServerOptions();
        var name = options.Release.ServerName();
        if (!OperatingSystem.IsLinux())
            throw new ServerUnavailableException(name, "local servers are for Linux.");
        var binaries = await RedisBinaries.FindOrInstallAsync(options.Release, options.MayInstall, ct);
        // Not root, for whom no file is read-only. The account has a group of its own name on every Debian.
        var account = await ServerAccount.ChooseAsync(name, ["redis", "daemon"], ct);
        var parent = await account.FindTempFolderAsync(name, ct);
        var process = await ServerProcess.CreateAsync("redis", parent, "KILL", ct);
        try
        {
            var server = new RedisServer(options, binaries, account, process);
            await server.PrepareAsync(ct);
            await server.StartOnFreePortAsync(ct);
            return server;
        }
        catch (Exception e) when (e is TimeoutException or IOException)
        {
            await process.DisposeAsync();
            throw new ServerUnavailableException(name, e.Message, e);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>A connection, as the admin unless told otherwise.</summary>
    public Task<RedisConnection> OpenAsync(string? user = null, string? password = null, CancellationToken ct = default) =>
        RedisConnection.OpenAsync(Host, Port, user ?? AdminUser, user is null ? AdminPassword : password, ct);

    /// <summary>Runs one command as the admin.</summary>
    public async Task<object?> ExecuteAsync(params string[] command)
    {
        await using var connection = await OpenAsync();
        return await connection.ExecuteAsync(command);
    }

    /// <summary>Runs one command as the admin; the words of an array, or the one word.</summary>
    public async Task<IReadOnlyList<string>> ReadAsync(params string[] command) => await ExecuteAsync(command) switch
    {
        object?[] items => [.. items.Select(item => Convert.ToString(item, CultureInfo.InvariantCulture) ?? "")],
        var single => [Convert.ToString(single, CultureInfo.InvariantCulture) ?? ""],
    };

    /// <summary>All that the server has logged so far.</summary>
    public Task<string> ReadLogAsync(CancellationToken ct = default) => _process.ReadLogAsync(ct);

    /// <summary>Stops the server; its folder stays.</summary>
    /// <param name="signal">TERM, or KILL for a server that is given no time.</param>
    public Task StopAsync(string signal = "TERM", CancellationToken ct = default) => _process.StopAsync(signal, _options.Timeout, ct);

    /// <summary>Starts a stopped server again, on its port.</summary>
    public async Task StartAgainAsync(CancellationToken ct = default)
    {
        if (!await TryStartAsync(ct))
            throw await FailedAsync("the server did not start again", ct);
    }

    /// <summary>Stops the server and starts it again.</summary>
    public async Task RestartAsync(CancellationToken ct = default)
    {
        await StopAsync(ct: ct);
        await StartAgainAsync(ct);
    }

    /// <summary>Forbids or allows the server to write into its folder.</summary>
    public void SetReadOnly(bool isReadOnly)
    {
        // Where there is such a server there are such modes.
        if (OperatingSystem.IsLinux())
            File.SetUnixFileMode(DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserExecute | (isReadOnly ? UnixFileMode.None : UnixFileMode.UserWrite));
    }

    /// <summary>Ends the server and removes its folder.</summary>
    public ValueTask DisposeAsync() => _process.DisposeAsync();

    [SupportedOSPlatform("linux")]
    private async Task PrepareAsync(CancellationToken ct)
    {
        var program = Path.Combine(_process.Folder, _binaries.CalledAs);
        File.CreateSymbolicLink(program, _binaries.Program);
        await WriteConfigurationAsync(ct);
        var result = await _process.PrepareAsync("initialize.sh", $"""
            set -e
            chmod 700 {ServerProcess.Quote([DataDirectory])}
            {(_account.User is { } user ? ServerProcess.Quote(["chown", "-R", user, DataDirectory]) : ":")}

            """, ct);
        if (!result.Succeeded)
            throw new ServerUnavailableException(_options.Release.ServerName(), result.Tail());
    }

    private async Task WriteConfigurationAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(DataDirectory);
        var users = _options.Users ?? ["user default off", $"user {AdminUser} on >{AdminPassword} ~* &* +@all"];
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"bind {Host}\ndir {DataDirectory}\n");
        if (!_options.IsSentinel)
            text.Append("save \"\"\nappendonly no\nrepl-diskless-sync-delay 0\nrepl-ping-replica-period 1\n");
        if (_options.HasAclFile)
        {
            text.Append(CultureInfo.InvariantCulture, $"aclfile {AclPath}\n");
            await File.WriteAllLinesAsync(AclPath, users, ct);
        }
        else
        {
            text.AppendJoin('\n', users).Append('\n');
        }

        foreach (var line in _options.Configuration)
            text.Append(line.Replace("{dir}", DataDirectory, StringComparison.Ordinal).Replace("{password}", AdminPassword, StringComparison.Ordinal)).Append('\n');
        await File.WriteAllTextAsync(ConfigPath, text.ToString(), ct);
    }

    private async Task StartOnFreePortAsync(CancellationToken ct)
    {
        for (var attempt = 1; attempt <= PortAttempts; attempt++)
        {
            Port = FreePort.Find();
            BusPort = FreePort.Find();
            if (Port != BusPort && await TryStartAsync(ct))
                return;
            // Somebody else took the port between our look and the server's: any other failure would come back.
            if (!(await _process.ReadLogAsync(ct)).Contains("bind", StringComparison.OrdinalIgnoreCase))
                break;
        }

        throw await FailedAsync("the server ended while it started", ct);
    }

    private async Task<bool> TryStartAsync(CancellationToken ct)
    {
        List<string> command = [Path.Combine(_process.Folder, _binaries.CalledAs)];
        if (_options.HasConfigFile)
            command.Add(ConfigPath);
        command.AddRange(["--port", Port.ToString(CultureInfo.InvariantCulture)]);
        if (_options.Configuration.Contains("cluster-enabled yes"))
            command.AddRange(["--cluster-port", BusPort.ToString(CultureInfo.InvariantCulture)]);
        if (_options.IsSentinel)
            command.Add("--sentinel");
        if (_options.HasConfigFile)
        {
            await _process.StartAsync(_account.Run(command), ct);
        }
        else
        {
            // Read from standard input, a configuration has no file that could be written again.
            string[] shell = ["sh", "-c", $"exec {ServerProcess.Quote([.. command[..1], "-", .. command[1..]])} < {ServerProcess.Quote([ConfigPath])}"];
            await _process.StartAsync(_account.Run(shell), ct);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(_options.Timeout);
        try
        {
            while (!HasEnded)
            {
                if (await AnswersAsync(patience.Token))
                    return true;
                await Task.Delay(Poll, patience.Token);
            }

            return false;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"{Endpoint} did not answer within {_options.Timeout.TotalSeconds:0} s.");
        }
    }

    /// <summary>Any reply but "still loading" will do: who may ask what is the test's matter.</summary>
    private async Task<bool> AnswersAsync(CancellationToken ct)
    {
        try
        {
            await using var connection = await RedisConnection.OpenAsync(Host, Port, null, null, ct);
            await connection.ExecuteAsync(["PING"], ct);
            return true;
        }
        catch (RedisReplyException e)
        {
            return !e.Message.StartsWith("LOADING", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }

    private async Task<ServerUnavailableException> FailedAsync(string what, CancellationToken ct)
    {
        var log = new CommandResult(_process.ExitCode ?? 0, await _process.ReadLogAsync(ct), "");
        return new ServerUnavailableException(_options.Release.ServerName(), $"{what} (exit code {log.ExitCode}): {log.Tail(5)}");
    }
}
