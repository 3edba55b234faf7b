using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Nebula.Rotation.TestServers;

/// <summary>
/// A PgBouncer for tests: on 127.0.0.1, in transaction mode unless told otherwise, in front of a test server, with a throw-away folder, gone with the run even when the
/// run is killed.
/// </summary>
public sealed class PgBouncerServer : IAsyncDisposable
{
    private const string Name = "PgBouncer";
    private const string Package = "pgbouncer";
    private const string AdminUser = "bouncer_admin";
    private const int PortAttempts = 5;

    /// <summary>invoke-rc.d and deb-systemd-invoke ask this file whether a package may start its service (Debian's policy-rc.d(8)).</summary>
    private const string StartPolicy = "/usr/sbin/policy-rc.d";

    private readonly PgBouncerServerOptions _options;
    private readonly ServerAccount _account;
    private readonly ServerProcess _process;
    private readonly string _program;
    private readonly string _password = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly string _lookupRole = $"bouncer_{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
    private readonly List<string> _lookups = [];

    private PgBouncerServer(PgBouncerServerOptions options, ServerAccount account, ServerProcess process, string program)
    {
        _options = options;
        _account = account;
        _process = process;
        _program = program;
    }

    /// <summary>The address.</summary>
    public string Host { get; } = "127.0.0.1";

    /// <summary>The port, also of the console (database <c>pgbouncer</c>).</summary>
    public int Port { get; private set; }

    /// <summary>The server behind it.</summary>
    public PostgresServer Server => _options.Server;

    /// <summary>The file of users. It may be changed or replaced; PgBouncer reads it again when told to (<see cref="ReloadAsync"/>), or a moment later by itself.</summary>
    public string UserListPath => Path.Combine(Folder, "userlist.txt");

    /// <summary>The process id.</summary>
    public int ProcessId => _process.ProcessId;

    private string Folder => Path.Combine(_process.Folder, "pgbouncer");

    /// <exception cref="ServerUnavailableException">There is none to be had; the message says why.</exception>
    public static async Task<PgBouncerServer> StartAsync(PgBouncerServerOptions options, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!OperatingSystem.IsLinux())
            throw new ServerUnavailableException(Name, "it is started on Linux only.");
        var program = await FindOrInstallAsync(options.MayInstall, ct);
        var account = await ServerAccount.ChooseAsync(Name, ["postgres", "nobody"], ct);
        var process = await ServerProcess.CreateAsync(Package, await account.FindTempFolderAsync(Name, ct), "TERM", ct);
        try
        {
            var bouncer = new PgBouncerServer(options, account, process, program);
            await bouncer.InitializeAsync(ct);
            await bouncer.StartOnFreePortAsync(ct);
            return bouncer;
        }
        catch (Exception e) when (e is TimeoutException or IOException)
        {
            await process.DisposeAsync();
            throw new ServerUnavailableException(Name, e.Message, e);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>A connection string for Npgsql through the bouncer, without the driver's own pool.</summary>
    public string ConnectionString(string database, string user, string password) =>
        new NpgsqlConnectionStringBuilder
        {
            Host = Host,
            Port = Port,
            Database = database,
            Username = user,
            Password = password,
            Pooling = false,
            IncludeErrorDetail = true,
        }.ConnectionString;

    /// <summary>An open connection through the bouncer.</summary>
    public async Task<NpgsqlConnection> OpenAsync(string database, string user, string password, CancellationToken ct = default)
    {
        var connection = new NpgsqlConnection(ConnectionString(database, user, password));
        try
        {
            await connection.OpenAsync(ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Lets the bouncer look logins up in a database: a function that runs with its owner's rights and that the bouncer's own role alone may call
    /// (PgBouncer's documentation, "auth_query").
    /// </summary>
    public async Task AllowLookupAsync(string database, CancellationToken ct = default)
    {
        await Server.ExecuteAsync(
            $"""
            DO $$ BEGIN
              IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{_lookupRole}') THEN
                CREATE ROLE {_lookupRole} LOGIN PASSWORD '{_password}';
              END IF;
            END $$;
            CREATE SCHEMA {_lookupRole};
            GRANT USAGE ON SCHEMA {_lookupRole} TO {_lookupRole};
            CREATE FUNCTION {_lookupRole}.find(username text) RETURNS TABLE (name text, secret text)
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
            AS 'SELECT rolname::text, rolpassword FROM pg_authid
                WHERE rolname = username AND rolcanlogin AND NOT rolsuper AND (rolvaliduntil IS NULL OR rolvaliduntil > clock_timestamp())';
            REVOKE ALL ON FUNCTION {_lookupRole}.find(text) FROM PUBLIC;
            GRANT EXECUTE ON FUNCTION {_lookupRole}.find(text) TO {_lookupRole};
            """,
            database,
            ct);
        _lookups.Add(database);
    }

    /// <summary>Writes the file of users: these and the bouncer's own. It is not told: see <see cref="ReloadAsync"/>.</summary>
    public async Task WriteUserListAsync(IReadOnlyDictionary<string, string> users, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(users);
        var text = new StringBuilder();
        foreach (var (user, password) in users.Append(new(AdminUser, _password)).Append(new(_lookupRole, _password)))
            text.Append(CultureInfo.InvariantCulture, $"\"{Quote(user)}\" \"{Quote(password)}\"\n");
        await File.WriteAllTextAsync(UserListPath, text.ToString(), ct);

        static string Quote(string text) => text.Replace("\"", "\"\"", StringComparison.Ordinal);
    }

    /// <summary>Lets it read its files again; they are read when this returns.</summary>
    public Task ReloadAsync(CancellationToken ct = default) => AskAsync("RELOAD", ct);

    /// <summary>A command of its console, such as <c>SHOW POOLS</c>; the rows, their columns with a bar between them.</summary>
    public async Task<IReadOnlyList<string>> AskAsync(string command, CancellationToken ct = default)
    {
        // The console speaks the simple protocol only, which the driver does not.
        var psql = Path.Combine(Server.ProgramFolder, "psql");
        string[] arguments =
        [
            "--no-psqlrc", "--no-align", "--tuples-only", "--host", Host, "--port", Port.ToString(CultureInfo.InvariantCulture), "--username", AdminUser, "--dbname", "pgbouncer",
            "--command", command,
        ];
        var answer = await CommandRunner.RunAsync(psql, arguments, new Dictionary<string, string?> { ["PGPASSWORD"] = _password, ["PGSSLMODE"] = "disable" }, ct);
        return answer.Succeeded
            ? answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            : throw new InvalidOperationException($"PgBouncer's console did not take {command}: {answer.Tail()}");
    }

    /// <summary>All that it has logged so far.</summary>
    public Task<string> ReadLogAsync(CancellationToken ct = default) => _process.ReadLogAsync(ct);

    /// <summary>Ends it, and takes back what <see cref="AllowLookupAsync"/> made.</summary>
    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        foreach (var database in _lookups)
        {
            try
            {
                await Server.ExecuteAsync($"DROP SCHEMA {_lookupRole} CASCADE", database);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidCatalogName)
            {
                // The database is gone, and the function with it.
            }
        }

        await Server.ExecuteAsync($"DROP ROLE IF EXISTS {_lookupRole}");
    }

    [SupportedOSPlatform("linux")]
    private static async Task<string> FindOrInstallAsync(bool mayInstall, CancellationToken ct)
    {
        if (CommandRunner.Find(Package) is { } found)
            return found;
        if (!mayInstall)
            throw new ServerUnavailableException(Name, "PATH does not have it, and installing is not allowed here.");
        if (PackageInstaller.WhyNot() is { } reason)
            throw new ServerUnavailableException(Name, $"{reason}; install {Package} by hand.");
        // The package would start a service of its own, which nobody here wants.
        var isOurs = !File.Exists(StartPolicy);
        try
        {
            if (isOurs)
            {
                await File.WriteAllTextAsync(StartPolicy, "#!/bin/sh\nexit 101\n", ct);
                File.SetUnixFileMode(StartPolicy, (UnixFileMode)0b111_101_101);
            }

            await PackageInstaller.InstallAsync(Name, [Package], ct);
        }
        finally
        {
            if (isOurs)
                File.Delete(StartPolicy);
        }

        return CommandRunner.Find(Package) ?? throw new ServerUnavailableException(Name, $"{Package} was installed, and is not there.");
    }

    private async Task InitializeAsync(CancellationToken ct)
    {
        // Passwords are in there: the folder is closed to all but the account.
        var result = await _process.PrepareAsync("initialize.sh", $"""
            set -e
            mkdir -m 700 {ServerProcess.Quote([Folder])}
            {(_account.User is { } user ? ServerProcess.Quote(["chown", user, Folder]) : ":")}

            """, ct);
        if (!result.Succeeded)
            throw new ServerUnavailableException(Name, $"its folder was not made: {result.Tail()}");
        await WriteUserListAsync(_options.Users, ct);
    }

    private string Configuration(int port)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["listen_addr"] = Host,
            ["listen_port"] = port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_dir"] = "",
            ["auth_type"] = "scram-sha-256",
            ["auth_file"] = UserListPath,
            ["admin_users"] = AdminUser,
            ["pool_mode"] = "transaction",
            ["default_pool_size"] = "10",
            ["max_client_conn"] = "200",
            ["server_idle_timeout"] = "1",
        };
        if (_options.Authentication == PgBouncerAuthentication.Query)
        {
            settings["auth_user"] = _lookupRole;
            settings["auth_query"] = $"SELECT name, secret FROM {_lookupRole}.find($1)";
        }

        foreach (var (name, value) in _options.Settings)
            settings[name] = value;

        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"[databases]\n* = host={Server.Host} port={Server.Port}\n\n[pgbouncer]\n");
        foreach (var (name, value) in settings)
            text.Append(CultureInfo.InvariantCulture, $"{name} = {value}\n");
        return text.ToString();
    }

    private async Task StartOnFreePortAsync(CancellationToken ct)
    {
        var file = Path.Combine(Folder, "pgbouncer.ini");
        for (var attempt = 1; attempt <= PortAttempts; attempt++)
        {
            Port = _options.FindPort();
            await File.WriteAllTextAsync(file, Configuration(Port), ct);
            await _process.StartAsync(_account.Run(_program, file), ct);
            if (await _process.WaitUntilAsync(IsUp, "PgBouncer takes connections", _options.Timeout, ct))
                return;
            // Somebody else took the port between our look and its own: any other failure would come back.
            if (!(await _process.ReadLogAsync(ct)).Contains("Address already in use", StringComparison.Ordinal))
                break;
        }

        var log = new CommandResult(_process.ExitCode ?? 0, await _process.ReadLogAsync(ct), "");
        throw new ServerUnavailableException(Name, $"it ended while it started (exit code {log.ExitCode}): {log.Tail(5)}");
    }

    /// <summary>The line that comes when it listens.</summary>
    private bool IsUp()
    {
        if (!File.Exists(_process.LogPath))
            return false;
        using var reader = new StreamReader(new FileStream(_process.LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd().Contains("process up: ", StringComparison.Ordinal);
    }
}
