using System.Security.Cryptography;
using Npgsql;

namespace Nebula.Rotation.TestServers;

/// <summary>
/// A PostgreSQL server for tests: on 127.0.0.1, with a throw-away data folder, gone with the run even when the run is killed.
/// The environment variable <c>NEBULA_TEST_POSTGRES</c> (<c>NEBULA_TEST_POSTGRES18</c> for release 18) gives another one instead; what needs the server's own files or process is then refused.
/// </summary>
public sealed partial class PostgresServer : IAsyncDisposable
{
    private readonly PostgresEndpoint _endpoint;
    private readonly PostgresCluster? _cluster;
    private readonly PostgresBinaries? _binaries;

    private PostgresServer(PostgresEndpoint endpoint, PostgresCluster? cluster, PostgresBinaries? binaries, Version version)
    {
        _endpoint = endpoint;
        _cluster = cluster;
        _binaries = binaries;
        Version = version;
    }

    /// <summary>The address: <c>127.0.0.1</c>, unless the server was given.</summary>
    public string Host => _endpoint.Host;

    /// <summary>The port.</summary>
    public int Port => _endpoint.Port;

    /// <summary>The superuser's name.</summary>
    public string SuperUser => _endpoint.User;

    /// <summary>The superuser's password, random for each server.</summary>
    public string SuperPassword => _endpoint.Password;

    /// <summary>A database that always exists, for what is not about any.</summary>
    public string MaintenanceDatabase => _endpoint.Database;

    /// <summary>The server's version, such as 15.18.</summary>
    public Version Version { get; }

    /// <summary>Whether the server was given by <c>NEBULA_TEST_POSTGRES</c>.</summary>
    public bool IsExternal => _cluster is null;

    /// <summary>The data folder, where Unix sockets are too.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public string DataDirectory => Own(nameof(DataDirectory)).DataDirectory;

    /// <summary>The file with all that the server logs.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public string LogPath => Own(nameof(LogPath)).Process.LogPath;

    /// <summary>The id of the server's first process.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public int ProcessId => Own(nameof(ProcessId)).Process.ProcessId;

    /// <summary>The folder with the server's own programs: psql, pg_dump.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given, and no PostgreSQL is installed here.</exception>
    public string ProgramFolder => (_binaries ?? throw new ExternalServerNotSupportedException(Variable, nameof(ProgramFolder))).Folder;

    /// <summary>Starts a server of our own, or connects to the given one.</summary>
    /// <exception cref="ServerUnavailableException">There is no server to be had; the message says why.</exception>
    /// <exception cref="ExternalServerNotSupportedException">The options ask for settings, and the server was given.</exception>
    public static async Task<PostgresServer> StartAsync(PostgresServerOptions? options = null, CancellationToken ct = default)
    {
        options ??= new PostgresServerOptions();
        if (PostgresEndpoint.FromEnvironment(options.Release) is { } given)
            return await ConnectAsync(given, options, ct);

        if (!OperatingSystem.IsLinux())
            throw new ServerUnavailableException(options.Release.ServerName(), $"local servers are for Linux; set {options.Release.Variable()} to use one that runs elsewhere.");
        var binaries = await PostgresBinaries.FindOrInstallAsync(options.Release, options.MayInstall, ct);
        var password = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 32);
        var cluster = await PostgresCluster.CreateAsync(binaries, options, "postgres", password, ct);
        return new PostgresServer(new PostgresEndpoint("127.0.0.1", cluster.Port, "postgres", password, "postgres"), cluster, binaries, binaries.Version);
    }

    /// <summary>A connection string for Npgsql, as the superuser unless told otherwise. Pooling is off: a test's role must be droppable when its connection is closed.</summary>
    public string ConnectionString(string? database = null, string? user = null, string? password = null) =>
        new NpgsqlConnectionStringBuilder
        {
            Host = Host,
            Port = Port,
            Database = database ?? MaintenanceDatabase,
            Username = user ?? SuperUser,
            Password = user is null ? SuperPassword : password,
            Pooling = false,
            IncludeErrorDetail = true,
        }.ConnectionString;

    /// <summary>An open connection, as the superuser unless told otherwise.</summary>
    public async Task<NpgsqlConnection> OpenAsync(string? database = null, string? user = null, string? password = null, CancellationToken ct = default)
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

    /// <summary>Runs statements as the superuser.</summary>
    public async Task ExecuteAsync(string sql, string? database = null, CancellationToken ct = default)
    {
        await using var connection = await OpenAsync(database, ct: ct);
        await using var batch = connection.CreateCommand();
        // The tests' own text: names go through Identifier and values through Literal.
#pragma warning disable CA2100
        batch.CommandText = sql;
#pragma warning restore CA2100
        if (PostgresCollisions.IsAllOrNothing(sql))
            await PostgresCollisions.RepeatAsync(() => batch.ExecuteNonQueryAsync(ct), ct);
        else
            await batch.ExecuteNonQueryAsync(ct);
    }

    /// <summary>A name as an SQL identifier, quoted.</summary>
    public static string Identifier(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
    }

    /// <summary>A text as an SQL literal, quoted.</summary>
    public static string Literal(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
    }

    /// <summary>All that the server has logged so far.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public Task<string> ReadLogAsync(CancellationToken ct = default) => Own(nameof(ReadLogAsync)).Process.ReadLogAsync(ct);

    /// <summary>Stops the server; its data stays.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public Task StopAsync(PostgresStopMode mode = PostgresStopMode.Fast, CancellationToken ct = default) => Own(nameof(StopAsync)).StopAsync(mode, ct);

    /// <summary>Starts a stopped server again, on its port and with its data.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public Task StartAgainAsync(CancellationToken ct = default) => Own(nameof(StartAgainAsync)).StartAgainAsync(ct);

    /// <summary>Stops the server and starts it again.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public async Task RestartAsync(PostgresStopMode mode = PostgresStopMode.Fast, CancellationToken ct = default)
    {
        var cluster = Own(nameof(RestartAsync));
        await cluster.StopAsync(mode, ct);
        await cluster.StartAgainAsync(ct);
    }

    /// <summary>What <c>pg_dump --create</c> says about a database, without its data.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given, and no PostgreSQL is installed here.</exception>
    public Task<string> DumpDatabaseAsync(string database, CancellationToken ct = default) => Dump.DatabaseAsync(Programs(nameof(DumpDatabaseAsync)), database, ct);

    /// <summary>What <c>pg_dumpall --globals-only</c> says: roles, memberships, settings, tablespaces.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given, and no PostgreSQL is installed here.</exception>
    public Task<string> DumpGlobalsAsync(CancellationToken ct = default) => Dump.GlobalsAsync(Programs(nameof(DumpGlobalsAsync)), ct);

    /// <summary>Ends the server and removes its data. A given one is left as it is.</summary>
    public ValueTask DisposeAsync() => _cluster?.Process.DisposeAsync() ?? ValueTask.CompletedTask;

    private string Variable => _endpoint.Release.Variable();

    private PostgresDump Dump => new(Host, Port, SuperUser, SuperPassword, MaintenanceDatabase);

    private PostgresCluster Own(string member) => _cluster ?? throw new ExternalServerNotSupportedException(Variable, member);

    private PostgresBinaries Programs(string member) => _binaries ?? throw new ExternalServerNotSupportedException(Variable, member);

    internal static async Task<PostgresServer> ConnectAsync(PostgresEndpoint given, PostgresServerOptions? options, CancellationToken ct)
    {
        if (options?.Settings.Count > 0)
            throw new ExternalServerNotSupportedException(given.Release.Variable(), nameof(PostgresServerOptions.Settings));
        if (options?.HostBasedAuthentication.Count > 0)
            throw new ExternalServerNotSupportedException(given.Release.Variable(), nameof(PostgresServerOptions.HostBasedAuthentication));

        var binaries = OperatingSystem.IsLinux() ? await PostgresBinaries.FindAsync(given.Release, ct) : null;
        var server = new PostgresServer(given, null, binaries, new Version(0, 0));
        try
        {
            await using var connection = await server.OpenAsync(ct: ct);
            return new PostgresServer(given, null, binaries, connection.PostgreSqlVersion);
        }
        catch (NpgsqlException e)
        {
            throw new ServerUnavailableException(given.Release.ServerName(), $"the server that {given.Release.Variable()} names does not let us in: {e.Message}", e);
        }
    }
}
