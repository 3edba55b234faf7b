using System.Security.Cryptography;
using MySqlConnector;

namespace Nebula.Rotation.TestServers;

/// <summary>
/// A server of the MySQL family for tests: on 127.0.0.1, with a throw-away data folder, gone with the run even when the run is killed. The environment
/// variable <c>NEBULA_TEST_MARIADB</c> or <c>NEBULA_TEST_MYSQL</c> gives another one instead; what needs the server's own files or process is then refused.
/// </summary>
public sealed class MySqlServer : IAsyncDisposable
{
    private readonly MySqlEndpoint _endpoint;
    private readonly MySqlCluster? _cluster;

    private MySqlServer(MySqlEndpoint endpoint, MySqlCluster? cluster, string version)
    {
        _endpoint = endpoint;
        _cluster = cluster;
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

    /// <summary>The server's version in its own words.</summary>
    public string Version { get; }

    /// <summary>Which server it is.</summary>
    public MySqlRelease Release => _endpoint.Release;

    /// <summary>Whether the server was given by the environment.</summary>
    public bool IsExternal => _cluster is null;

    /// <summary>The folder of the server's data.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public string DataDirectory => Own(nameof(DataDirectory)).DataDirectory;

    /// <summary>The path of the server's socket; null where it has none.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public string? Socket => Own(nameof(Socket)).Socket;

    /// <summary>The id of the server's process.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public int ProcessId => Own(nameof(ProcessId)).Process.ProcessId;

    /// <summary>Starts a server of our own, or connects to the given one.</summary>
    /// <exception cref="ServerUnavailableException">There is no server to be had; the message says why.</exception>
    /// <exception cref="ExternalServerNotSupportedException">The options ask for settings, and the server was given.</exception>
    public static async Task<MySqlServer> StartAsync(MySqlServerOptions? options = null, CancellationToken ct = default)
    {
        options ??= new MySqlServerOptions();
        if (MySqlEndpoint.FromEnvironment(options.Release) is { } given)
        {
            if (options.Settings.Count > 0)
                throw new ExternalServerNotSupportedException(options.Release.Variable(), nameof(MySqlServerOptions.Settings));
            return await ConnectAsync(given, null, ct);
        }

        if (!OperatingSystem.IsLinux())
            throw new ServerUnavailableException(options.Release.ServerName(), $"local servers are for Linux; set {options.Release.Variable()} to use one that runs elsewhere.");
        var binaries = await MySqlBinaries.FindOrInstallAsync(options.Release, options.MayInstall, ct);
        var password = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 32);
        var cluster = await MySqlCluster.CreateAsync(binaries, options, "super", password, ct);
        return await ConnectAsync(new MySqlEndpoint("127.0.0.1", cluster.Port, "super", password) { Release = options.Release }, cluster, ct);
    }

    /// <summary>Connects to a server that somebody else started.</summary>
    /// <exception cref="ServerUnavailableException">It does not let us in.</exception>
    internal static async Task<MySqlServer> ConnectAsync(MySqlEndpoint endpoint, MySqlCluster? cluster, CancellationToken ct)
    {
        var server = new MySqlServer(endpoint, cluster, "");
        try
        {
            await using var connection = await server.OpenAsync(ct: ct);
            // MariaDB's greeting says 5.5.5 before its version, for old replicas.
            await using var version = new MySqlCommand("SELECT VERSION()", connection);
            return new MySqlServer(endpoint, cluster, (string)(await version.ExecuteScalarAsync(ct))!);
        }
        catch (MySqlException e)
        {
            await server.DisposeAsync();
            throw new ServerUnavailableException(endpoint.Release.ServerName(), $"the server at port {endpoint.Port} does not let us in: {e.Message}", e);
        }
    }

    /// <summary>A connection string, as the superuser unless told otherwise. Pooling is off: a test's account must be droppable when its connection is closed.</summary>
    public string ConnectionString(string? database = null, string? user = null, string? password = null) =>
        new MySqlConnectionStringBuilder
        {
            Server = Host,
            Port = (uint)Port,
            Database = database ?? "",
            UserID = user ?? SuperUser,
            Password = user is null ? SuperPassword : password ?? "",
            Pooling = false,
            AllowPublicKeyRetrieval = true,
            AllowUserVariables = true,
            ServerRsaPublicKeyFile = "",
            SslMode = MySqlSslMode.Preferred,
        }.ConnectionString;

    /// <summary>An open connection, as the superuser unless told otherwise.</summary>
    public async Task<MySqlConnection> OpenAsync(string? database = null, string? user = null, string? password = null, CancellationToken ct = default)
    {
        var connection = new MySqlConnection(ConnectionString(database, user, password));
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
        await batch.ExecuteNonQueryAsync(ct);
    }

    /// <summary>A name as an SQL identifier, quoted.</summary>
    public static string Identifier(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return "`" + name.Replace("`", "``", StringComparison.Ordinal) + "`";
    }

    /// <summary>A text as an SQL literal, quoted for the server's default sql_mode.</summary>
    public static string Literal(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return "'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal) + "'";
    }

    /// <summary>All statements that the server has been sent so far: its general log.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public async Task<string> ReadGeneralLogAsync(CancellationToken ct = default)
    {
        await using var stream = new FileStream(Own(nameof(ReadGeneralLogAsync)).GeneralLogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(ct);
    }

    /// <summary>All that the server has logged so far: its error log.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public Task<string> ReadLogAsync(CancellationToken ct = default) => Own(nameof(ReadLogAsync)).Process.ReadLogAsync(ct);

    /// <summary>Stops the server, in order or as a crash; its data stays.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public Task StopAsync(bool isCrash = false, CancellationToken ct = default) => Own(nameof(StopAsync)).StopAsync(isCrash, ct);

    /// <summary>Starts a stopped server again, on its port and with its data.</summary>
    /// <exception cref="ExternalServerNotSupportedException">The server was given.</exception>
    public Task StartAgainAsync(CancellationToken ct = default) => Own(nameof(StartAgainAsync)).StartAgainAsync(ct);

    /// <summary>Ends the server and removes its data. A given one is left as it is.</summary>
    public ValueTask DisposeAsync() => _cluster?.Process.DisposeAsync() ?? ValueTask.CompletedTask;

    private MySqlCluster Own(string member) => _cluster ?? throw new ExternalServerNotSupportedException(_endpoint.Release.Variable(), member);
}
