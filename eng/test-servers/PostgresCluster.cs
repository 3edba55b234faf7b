using System.Globalization;
using System.Runtime.Versioning;
using System.Text;

namespace Nebula.Rotation.TestServers;

/// <summary>A data folder of our own and the server that runs on it.</summary>
internal sealed partial class PostgresCluster
{
    private const int PortAttempts = 5;

    private readonly PostgresBinaries _binaries;
    private readonly PostgresServerOptions _options;
    private readonly ServerAccount _account;

    private PostgresCluster(PostgresBinaries binaries, PostgresServerOptions options, ServerAccount account, ServerProcess process)
    {
        _binaries = binaries;
        _options = options;
        _account = account;
        Process = process;
    }

    public ServerProcess Process { get; }

    public int Port { get; private set; }

    public string DataDirectory => Path.Combine(Process.Folder, "data");

    [SupportedOSPlatform("linux")]
    public static async Task<PostgresCluster> CreateAsync(
        PostgresBinaries binaries, PostgresServerOptions options, string superUser, string superPassword, CancellationToken ct)
    {
        var account = await ServerAccount.ChooseAsync(options.Release.ServerName(), ["postgres", "nobody"], ct);
        var parent = await account.FindTempFolderAsync(options.Release.ServerName(), ct);
        // QUIT: an immediate shutdown. The data folder goes a moment later.
        var process = await ServerProcess.CreateAsync("postgres", parent, "QUIT", ct);
        try
        {
            var cluster = new PostgresCluster(binaries, options, account, process);
            await cluster.InitializeAsync(superUser, superPassword, ct);
            await cluster.StartOnFreePortAsync(ct);
            return cluster;
        }
        catch (Exception e) when (e is TimeoutException or IOException)
        {
            await process.DisposeAsync();
            throw new ServerUnavailableException(options.Release.ServerName(), e.Message, e);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public Task StopAsync(PostgresStopMode mode, CancellationToken ct) => mode switch
    {
        PostgresStopMode.Kill => KillAsync(ct),
        PostgresStopMode.Immediate => Process.StopAsync("QUIT", _options.Timeout, ct),
        _ => Process.StopAsync("INT", _options.Timeout, ct),
    };

    /// <summary>Its first process alone would leave the others to finish what they are at.</summary>
    private async Task KillAsync(CancellationToken ct)
    {
        // Stopped, it starts no further ones while these are counted.
        await CommandRunner.RunAsync("/bin/sh", ["-c", "kill -s STOP \"$1\"", "sh", Process.ProcessId.ToString(CultureInfo.InvariantCulture)], ct: ct);
        var others = (await File.ReadAllTextAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{Process.ProcessId}/task/{Process.ProcessId}/children"), ct))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture));
        await Process.StopAsync("KILL", _options.Timeout, ct);
        foreach (var id in others)
        {
            try
            {
                using var other = System.Diagnostics.Process.GetProcessById(id);
                other.Kill();
                await other.WaitForExitAsync(ct);
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException)
            {
                // It has ended by itself: its first process was gone.
            }
        }
    }

    public async Task StartAgainAsync(CancellationToken ct)
    {
        if (!await TryStartAsync(Port, ct))
            throw await FailedAsync("the server did not start again", ct);
    }

    [SupportedOSPlatform("linux")]
    private async Task InitializeAsync(string superUser, string superPassword, CancellationToken ct)
    {
        var passwordFile = Path.Combine(Process.Folder, "password");
        string[] initdb =
        [
            _binaries.Program("initdb"), $"--pgdata={DataDirectory}", $"--username={superUser}", $"--pwfile={passwordFile}",
            "--auth-host=scram-sha-256", "--auth-local=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        ];
        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        CommandResult result;
        try
        {
            await using (var writer = new StreamWriter(passwordFile, create))
                await writer.WriteAsync(superPassword + "\n");
            result = await Process.PrepareAsync("initialize.sh", $"""
                set -e
                code=0
                cd /
                mkdir -m 700 {ServerProcess.Quote([DataDirectory])}
                {(_account.User is { } user ? ServerProcess.Quote(["chown", user, DataDirectory, passwordFile]) : ":")}
                {ServerProcess.Quote(_account.Run(initdb))} || code=$?
                rm -f {ServerProcess.Quote([passwordFile])}
                exit "$code"

                """, ct);
        }
        finally
        {
            File.Delete(passwordFile);
        }

        if (!result.Succeeded)
            throw new ServerUnavailableException(_options.Release.ServerName(), $"initdb ended with {result.ExitCode}: {result.Tail()}");

        // Both files exist already, so they stay their owner's.
        await File.AppendAllTextAsync(Path.Combine(DataDirectory, "postgresql.conf"), Configuration(), ct);
        await File.WriteAllTextAsync(Path.Combine(DataDirectory, "pg_hba.conf"), HostBasedAuthentication(), ct);
    }

    private string Configuration()
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["listen_addresses"] = "127.0.0.1",
            // A socket's path may have 107 bytes (sockaddr_un); a long temp folder goes without.
            ["unix_socket_directories"] = Encoding.UTF8.GetByteCount(DataDirectory) < 80 ? DataDirectory : "",
            ["password_encryption"] = "scram-sha-256",
            ["max_connections"] = _options.MaxConnections.ToString(CultureInfo.InvariantCulture),
            ["max_prepared_transactions"] = _options.MaxPreparedTransactions.ToString(CultureInfo.InvariantCulture),
            ["fsync"] = _options.Durable ? "on" : "off",
            ["full_page_writes"] = _options.Durable ? "on" : "off",
            ["synchronous_commit"] = _options.Durable ? "on" : "off",
            ["log_destination"] = "stderr",
            ["logging_collector"] = "off",
            ["log_statement"] = _options.LogStatements ? "all" : "none",
            ["log_line_prefix"] = "%m [%p] %q%u@%d ",
            ["lc_messages"] = "C",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
        };
        foreach (var (name, value) in _options.Settings)
            settings[name] = value;

        var text = new StringBuilder("\n");
        foreach (var (name, value) in settings)
            text.Append(CultureInfo.InvariantCulture, $"{name} = '{value.Replace("'", "''", StringComparison.Ordinal)}'\n");
        return text.ToString();
    }

    private string HostBasedAuthentication() => string.Join('\n',
    [
        .. _options.HostBasedAuthentication,
        "local all         all               scram-sha-256",
        "host  all         all 127.0.0.1/32  scram-sha-256",
        "host  replication all 127.0.0.1/32  scram-sha-256",
        "",
    ]);

    private async Task StartOnFreePortAsync(CancellationToken ct)
    {
        for (var attempt = 1; attempt <= PortAttempts; attempt++)
        {
            Port = _options.FindPort();
            if (await TryStartAsync(Port, ct))
                return;
            // Somebody else took the port between our look and the server's: any other failure would come back.
            if (!(await Process.ReadLogAsync(ct)).Contains("could not bind", StringComparison.Ordinal))
                break;
        }

        throw await FailedAsync("the server ended while it started", ct);
    }

    private async Task<bool> TryStartAsync(int port, CancellationToken ct)
    {
        var pidFile = Path.Combine(DataDirectory, "postmaster.pid");
        await Process.StartAsync(_account.Run(_binaries.Program("postgres"), "-D", DataDirectory, "-p", port.ToString(CultureInfo.InvariantCulture)), ct);
        // As pg_ctl does it: the eighth line of this file says when connections are taken (src/include/utils/pidfile.h).
        return await Process.WaitUntilAsync(() => IsReady(pidFile, Process.ProcessId), "The server takes connections", _options.Timeout, ct);
    }

    private static bool IsReady(string pidFile, int processId)
    {
        try
        {
            var lines = File.ReadAllLines(pidFile);
            return lines.Length >= 8
                && lines[0].Trim() == processId.ToString(CultureInfo.InvariantCulture)
                && lines[7].Trim() == "ready";
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task<ServerUnavailableException> FailedAsync(string what, CancellationToken ct)
    {
        var log = new CommandResult(Process.ExitCode ?? 0, await Process.ReadLogAsync(ct), "");
        return new ServerUnavailableException(_options.Release.ServerName(), $"{what} (exit code {log.ExitCode}): {log.Tail(5)}");
    }
}
