using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;

namespace Nebula.Rotation.TestServers;

/// <summary>A data folder of our own and the server of the MySQL family that runs on it.</summary>
internal sealed class MySqlCluster
{
    private const int PortAttempts = 5;

    private readonly MySqlBinaries _binaries;
    private readonly MySqlServerOptions _options;
    private readonly ServerAccount _account;

    private MySqlCluster(MySqlBinaries binaries, MySqlServerOptions options, ServerAccount account, ServerProcess process)
    {
        _binaries = binaries;
        _options = options;
        _account = account;
        Process = process;
    }

    public ServerProcess Process { get; }

    public int Port { get; private set; }

    public string DataDirectory => Path.Combine(Process.Folder, "data");

    public string GeneralLogPath => Path.Combine(DataDirectory, "general.log");

    /// <summary>A socket's path may have 107 bytes (sockaddr_un); a long temp folder goes without.</summary>
    public string? Socket => Encoding.UTF8.GetByteCount(DataDirectory) < 80 ? Path.Combine(DataDirectory, "s") : null;

    private string FirstStatements => Path.Combine(Process.Folder, "first.sql");

    private string PidFile => Path.Combine(DataDirectory, "server.pid");

    private string TemporaryFolder => Path.Combine(Process.Folder, "temporary");

    private string FilesFolder => Path.Combine(Process.Folder, "files");

    [SupportedOSPlatform("linux")]
    public static async Task<MySqlCluster> CreateAsync(
        MySqlBinaries binaries, MySqlServerOptions options, string superUser, string superPassword, CancellationToken ct)
    {
        var account = await ServerAccount.ChooseAsync(options.Release.ServerName(), ["mysql", "nobody"], ct);
        var parent = await account.FindTempFolderAsync(options.Release.ServerName(), ct);
        // KILL: the data folder goes a moment later.
        var process = await ServerProcess.CreateAsync(options.Release is MySqlRelease.MariaDb ? "mariadb" : "mysql", parent, "KILL", ct);
        try
        {
            var cluster = new MySqlCluster(binaries, options, account, process);
            await cluster.InitializeAsync(superUser, superPassword, ct);
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

    /// <summary>As a crash when <paramref name="isCrash"/>, else in order.</summary>
    public Task StopAsync(bool isCrash, CancellationToken ct) => Process.StopAsync(isCrash ? "KILL" : "TERM", _options.Timeout, ct);

    public async Task StartAgainAsync(CancellationToken ct)
    {
        if (!await TryStartAsync(Port, [], ct))
            throw await FailedAsync("the server did not start again", ct);
    }

    [SupportedOSPlatform("linux")]
    private async Task InitializeAsync(string superUser, string superPassword, CancellationToken ct)
    {
        var isMariaDb = _binaries.InitialStatements.Count > 0;
        string[] initialize = [_binaries.Server, "--no-defaults", isMariaDb ? "--bootstrap" : "--initialize-insecure", .. CommonOptions()];
        var feed = isMariaDb
            ? $"{{ printf '%s\n' 'CREATE DATABASE IF NOT EXISTS mysql;' 'USE mysql;' 'SET @auth_root_socket = NULL;'; cat {ServerProcess.Quote(_binaries.InitialStatements.Select(file => Path.Combine(_binaries.ShareFolder, file)))}; }} | "
            : "";
        var owner = _account.User is { } name ? $"{ServerProcess.Quote(["chown", "-R", name, DataDirectory, TemporaryFolder, FilesFolder, FirstStatements])}" : ":";
        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        try
        {
            await using (var writer = new StreamWriter(FirstStatements, create))
                await writer.WriteAsync(MakeSuperUser(superUser, superPassword, _binaries.InitialStatements.Count > 0));
            Directory.CreateDirectory(FilesFolder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            foreach (var (file, content) in _options.Files)
            {
                await using var writer = new StreamWriter(Path.Combine(FilesFolder, file), create);
                await writer.WriteAsync(content);
            }

            var result = await Process.PrepareAsync("initialize.sh", $"""
                set -e
                cd /
                mkdir -m 700 {ServerProcess.Quote([DataDirectory, TemporaryFolder])}
                {owner}
                {feed}{ServerProcess.Quote(_account.Run(initialize))}

                """, ct);
            if (!result.Succeeded)
                throw new ServerUnavailableException(_options.Release.ServerName(), $"making the data folder ended with {result.ExitCode}: {result.Tail()}");
            await StartOnFreePortAsync(ct);
        }
        finally
        {
            File.Delete(FirstStatements);
        }
    }

    /// <summary>The superuser has every right, from every host; the ones that the server came with cannot be logged in to.</summary>
    private static string MakeSuperUser(string superUser, string superPassword, bool isMariaDb)
    {
        var (user, password) = (MySqlServer.Literal(superUser), MySqlServer.Literal(superPassword));
        // Not in the binary log: a replica has a superuser of its own.
        return $"""
            SET SESSION sql_log_bin = 0;
            CREATE USER {user}@'%' IDENTIFIED BY {password};
            GRANT ALL PRIVILEGES ON *.* TO {user}@'%' WITH GRANT OPTION;
            {(isMariaDb ? $"INSERT INTO mysql.proxies_priv (Host, User, With_grant) VALUES ('%', {user}, 1); FLUSH PRIVILEGES;".Replace("; ", ";\n", StringComparison.Ordinal) : $"GRANT PROXY ON ''@'' TO {user}@'%' WITH GRANT OPTION;")}
            ALTER USER 'root'@'localhost' ACCOUNT LOCK;

            """;
    }

    private List<string> CommonOptions() =>
    [
        $"--datadir={DataDirectory}",
        $"--lc-messages-dir={_binaries.ShareFolder}",
        $"--character-sets-dir={Path.Combine(_binaries.ShareFolder, "charsets")}",
        $"--plugin-dir={_binaries.PluginFolder}",
        "--secure-file-priv=" + Process.Folder,
        // Temporary tables have names that another server's have, too.
        $"--tmpdir={TemporaryFolder}",
    ];

    private List<string> Options(int port)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["bind-address"] = "127.0.0.1",
            ["port"] = port.ToString(CultureInfo.InvariantCulture),
            ["socket"] = Socket ?? "",
            ["pid-file"] = PidFile,
            ["max-connections"] = _options.MaxConnections.ToString(CultureInfo.InvariantCulture),
            ["general-log"] = _options.LogStatements ? "1" : "0",
            ["general-log-file"] = GeneralLogPath,
            // The data does not outlive the run.
            ["innodb-flush-log-at-trx-commit"] = "0",
            ["innodb-doublewrite"] = "0",
            ["skip-log-bin"] = "",
            ["innodb-buffer-pool-size"] = "64M",
            ["performance-schema"] = "1",
            ["default-time-zone"] = "+00:00",
        };
        if (_options.Release is MySqlRelease.MySql)
            settings["mysqlx"] = "0";
        foreach (var (name, value) in _options.Settings)
        {
            if (name is "log-bin")
                settings.Remove("skip-log-bin");
            settings[name] = value.Replace("{files}", FilesFolder, StringComparison.Ordinal);
        }

        return ["--no-defaults", .. CommonOptions(), .. settings.Select(setting => setting.Value.Length > 0 ? $"--{setting.Key}={setting.Value}" : $"--{setting.Key}")];
    }

    private async Task StartOnFreePortAsync(CancellationToken ct)
    {
        for (var attempt = 1; attempt <= PortAttempts; attempt++)
        {
            Port = _options.FindPort();
            if (await TryStartAsync(Port, [$"--init-file={FirstStatements}"], ct))
                return;
            // Somebody else took the port between our look and the server's: any other failure would come back.
            if (!(await Process.ReadLogAsync(ct)).Contains("Address already in use", StringComparison.Ordinal))
                break;
        }

        throw await FailedAsync("the server ended while it started", ct);
    }

    private async Task<bool> TryStartAsync(int port, string[] more, CancellationToken ct)
    {
        File.Delete(PidFile);
        await Process.StartAsync(_account.Run([_binaries.Server, .. Options(port), .. more]), ct);
        return await Process.WaitUntilAsync(() => IsReady(port), "The server takes connections", _options.Timeout, ct);
    }

    /// <summary>Its number is in its file, and it greets: the protocol's first packet is the server's (MySQL internals, "Connection Phase").</summary>
    private bool IsReady(int port)
    {
        try
        {
            if (!File.Exists(PidFile) || File.ReadAllText(PidFile).Trim() != Process.ProcessId.ToString(CultureInfo.InvariantCulture))
                return false;
            using var client = new TcpClient { ReceiveTimeout = 1000 };
            client.Connect(IPAddress.Loopback, port);
            return client.GetStream().ReadByte() >= 0;
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private async Task<ServerUnavailableException> FailedAsync(string what, CancellationToken ct)
    {
        var log = new CommandResult(Process.ExitCode ?? 0, await Process.ReadLogAsync(ct), "");
        return new ServerUnavailableException(_options.Release.ServerName(), $"{what} (exit code {log.ExitCode}): {log.Tail(8)}");
    }
}
