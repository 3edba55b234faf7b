using Nebula.Rotation.Engine.Databases.PostgreSql.Scram;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>Makes connections for a login: one data source each, no pool, so that none can answer for an earlier login's success.</summary>
/// <param name="credential">Where to.</param>
/// <param name="login">As whom.</param>
/// <param name="isPooled">Whether a pooler is there, which keeps a session for the next client with the name that this one gave it: then it gets none, since by the tool's name it would be overlooked.</param>
internal sealed class PostgreSqlConnector(DatabaseCredential credential, Login login, bool isPooled = false)
{
    /// <summary>How the tool's sessions call themselves.</summary>
    public const string ApplicationName = "Nebula.Rotation";

    /// <summary>Seconds after which a command is given up.</summary>
    private const int CommandTimeout = 150;

    /// <summary>More than the room has queries that it asks again and again.</summary>
    private const int PreparedStatements = 64;

    public string Username => login.Username;

    public IReadOnlyList<string> Hosts => credential.HostName;

    /// <summary>Host and port, for messages.</summary>
    public string Endpoint(string host) => PostgreSqlEndpoint.Parse(host, credential.Port).ToString();

    /// <summary>Names a session for <see cref="IdleSessions"/>.</summary>
    public string Key(string host, string database) => IdleSessions.Key(ConnectionString(host, database, login.Password.Reveal()).ConnectionString);

    /// <summary>Opens a connection. Throws <see cref="RotationException"/> as <see cref="PostgreSqlErrors.OfConnecting"/> has it.</summary>
    public async Task<(NpgsqlDataSource DataSource, NpgsqlConnection Connection)> OpenAsync(
        string host, string database, RotationErrorCode authenticationFailed, CancellationToken cancellationToken)
    {
        try
        {
            var password = login.Password.Reveal();
            try
            {
                return await OpenAsync(host, database, password, cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidPassword && SaslPrep.Prepare(password) is var prepared && prepared != password)
            {
                // The driver normalises a password and leaves out the rest of SASLprep, which libpq does. A server that keeps md5 hashes wants it as it is.
                return await OpenAsync(host, database, prepared, cancellationToken);
            }
        }
        catch (Exception e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (PostgreSqlErrors.OfConnecting(e, Endpoint(host), login.Username, database, authenticationFailed) is { } error)
                throw error;
            throw;
        }
    }

    private async Task<(NpgsqlDataSource DataSource, NpgsqlConnection Connection)> OpenAsync(string host, string database, string password, CancellationToken cancellationToken)
    {
        // Each login has a data source of its own, and the full builder fills it with the mappings of all types there are.
        var builder = new NpgsqlSlimDataSourceBuilder(ConnectionString(host, database, password).ConnectionString);
        builder.EnableTransportSecurity();
        builder.EnableArrays();
        // Only built-in types are read; asking for the others costs a round trip and rights that a login may lack.
        builder.ConfigureTypeLoading(loading => loading.EnableTypeLoading(false));
        var dataSource = builder.Build();
        try
        {
            return (dataSource, await dataSource.OpenConnectionAsync(cancellationToken));
        }
        catch
        {
            await dataSource.DisposeAsync();
            throw;
        }
    }

    private NpgsqlConnectionStringBuilder ConnectionString(string host, string database, string password)
    {
        var endpoint = PostgreSqlEndpoint.Parse(host, credential.Port);
        var builder = new NpgsqlConnectionStringBuilder
        {
            // Without brackets a colon would be read as the port's.
            Host = endpoint.HostInBrackets,
            Port = endpoint.Port,
            Database = database,
            Username = login.Username,
            Password = password,
            ApplicationName = isPooled ? null : ApplicationName,
            SslMode = PostgreSqlConnectionStrings.ToNpgsql(credential.SslMode),
            Timeout = (int)Math.Clamp(Math.Ceiling(credential.ConnectionTimeout.TotalSeconds), 1, 1024),
            CommandTimeout = CommandTimeout,
            Pooling = false,
            // Facts are read many times a rotation, and planning those queries costs the server ten times what running them does. Not through a pooler, which
            // may give the session to others.
            MaxAutoPrepare = isPooled ? 0 : PreparedStatements,
            AutoPrepareMinUsages = 2,
            Enlist = false,
            TcpKeepAlive = true,
            // Names of objects that still depend on a role come as the error's detail.
            IncludeErrorDetail = true,
            // Tells which of a batch failed. Such an exception holds the statement, and never leaves the room.
            IncludeFailedBatchedCommand = true,
            PersistSecurityInfo = false,
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        if (credential.CACertificate is not null && credential.SslMode is SslMode.VerifyCA or SslMode.VerifyFull)
            builder.RootCertificate = credential.CACertificate;
        return builder;
    }
}
