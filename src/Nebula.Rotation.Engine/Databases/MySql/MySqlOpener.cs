using MySqlConnector;
using MySqlConnector.Authentication;
using Nebula.Rotation.Engine.Databases.MySql.Passwords;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>Makes connections for a login, without a pool, so that none can answer for an earlier login's success.</summary>
internal sealed class MySqlOpener(DatabaseCredential credential, Login login)
{
    /// <summary>How the tool's sessions call themselves.</summary>
    public const string ApplicationName = "Nebula.Rotation";

    /// <summary>Seconds after which a command is given up.</summary>
    private const uint CommandTimeout = 150;

    static MySqlOpener() => AuthenticationPlugins.Register(new Ed25519Authentication());

    public string Username => login.Username;

    public IReadOnlyList<string> Hosts => credential.HostName;

    /// <summary>Host and port, for messages.</summary>
    public string Endpoint(string host) => MySqlEndpoint.Parse(host, credential.Port).ToString();

    /// <summary>Names a session for <see cref="IdleSessions"/>.</summary>
    public string Key(string host) => IdleSessions.Key(ConnectionString(host, null).ConnectionString);

    /// <summary>Opens a connection. Throws <see cref="RotationException"/> as <see cref="MySqlErrors.OfConnecting"/> has it.</summary>
    public async Task<MySqlConnection> OpenAsync(string host, string? database, RotationErrorCode authenticationFailed, CancellationToken cancellationToken)
    {
        MySqlConnection? connection = null;
        try
        {
            connection = new MySqlConnection(ConnectionString(host, database).ConnectionString);
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch (Exception e)
        {
            if (connection is not null)
                await connection.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (MySqlErrors.OfConnecting(e, Endpoint(host), login.Username, database, authenticationFailed) is { } error)
                throw error;
            throw;
        }
    }

    private MySqlConnectionStringBuilder ConnectionString(string host, string? database)
    {
        var endpoint = MySqlEndpoint.Parse(host, credential.Port);
        var builder = new MySqlConnectionStringBuilder
        {
            Server = endpoint.Host,
            ConnectionProtocol = endpoint.IsSocket ? MySqlConnectionProtocol.Unix : MySqlConnectionProtocol.Sockets,
            UserID = login.Username,
            Password = login.Password.Reveal(),
            Database = database ?? "",
            ApplicationName = ApplicationName,
            SslMode = MySqlConnectionStrings.ToDriver(credential.SslMode, endpoint.IsSocket),
            ConnectionTimeout = (uint)Math.Clamp(Math.Ceiling(credential.ConnectionTimeout.TotalSeconds), 1, 1024),
            DefaultCommandTimeout = CommandTimeout,
            Pooling = false,
            AutoEnlist = false,
            Keepalive = 30,
            AllowUserVariables = true,
            // A key that anybody could have sent is used only where nobody can stand between; elsewhere TLS or the server's own key protects the password.
            AllowPublicKeyRetrieval = endpoint.IsLocal,
            // Grant tables of MariaDB have moments of zero.
            ConvertZeroDateTime = true,
        };
        if (!endpoint.IsSocket)
            builder.Port = (uint)endpoint.Port;
        if (credential.CACertificate is not null && credential.SslMode is SslMode.VerifyCA or SslMode.VerifyFull)
            builder.SslCa = credential.CACertificate;
        if (MySqlOptions.ServerPublicKey(credential) is { } key)
            builder.ServerRsaPublicKeyFile = key;
        return builder;
    }
}
