using MongoDB.Driver;
using MongoDB.Driver.Core.Configuration;
using MongoDB.Driver.Core.Servers;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>
/// Makes connections for a login. The driver lends a client the authenticated connections of any other whose settings are equal, and does not count
/// the password among them: each client here has a name that no other ever had, and takes its connections with it when it is disposed.
/// </summary>
internal sealed class MongoDbConnector(DatabaseCredential credential, Login login, string authSource)
{
    /// <summary>How the tool's connections call themselves: this and a number.</summary>
    public const string ApplicationName = "Nebula.Rotation";

    /// <summary>A rotation does one thing at a time; each connection costs the server a derivation of the password.</summary>
    private const int PoolSize = 2;

    public string Username => login.Username;

    public string AuthSource => authSource;

    /// <summary>Names a session for <see cref="IdleSessions"/>.</summary>
    public string Key => IdleSessions.Key(credential, login, authSource);

    public DatabaseCredential Credential => credential;

    /// <summary>For tests: sees the driver's events.</summary>
    public Action<ClusterBuilder>? Configure { get; init; }

    /// <summary>A client of every server that the credential leads to, or of one endpoint alone.</summary>
    public MongoClient Open(MongoDbEndpoint? only, bool usesTls)
    {
        var isSrv = only is null && MongoDbOptions.IsSrv(credential);
        var settings = new MongoClientSettings
        {
            ApplicationName = $"{ApplicationName} {Guid.NewGuid():N}",
            ConnectTimeout = credential.ConnectionTimeout,
            ServerSelectionTimeout = credential.ConnectionTimeout,
            Credential = MongoCredential.CreateCredential(authSource, login.Username, login.Password.Reveal()),
            DirectConnection = only is not null || MongoDbOptions.IsDirect(credential),
            MaxConnectionPoolSize = PoolSize,
            // A drain takes its time, and our own idle connection shows what the server tells of those.
            MaxConnectionIdleTime = TimeSpan.FromDays(1),
            // One more connection a server would be spent on measuring its round trips.
            ServerMonitoringMode = ServerMonitoringMode.Poll,
            ReadPreference = ReadPreference.Primary,
            UseTls = usesTls,
            ClusterConfigurator = Configure,
        };
        if (only is not null)
            settings.Server = only.ToAddress();
        else if (isSrv)
            (settings.Scheme, settings.Server) = (ConnectionStringScheme.MongoDBPlusSrv, new(credential.HostName[0]));
        else
            settings.Servers = MongoDbEndpoint.AllOf(credential).Select(endpoint => endpoint.ToAddress());
        if (only is null)
            settings.ReplicaSetName = MongoDbOptions.ReplicaSet(credential);
        if (usesTls)
            settings.SslSettings = MongoDbTransport.ToSettings(credential);
        return new(settings);
    }

    /// <summary>Closes a client and every connection of it.</summary>
    public static void Close(MongoClient client)
    {
        ClusterRegistry.Instance.UnregisterAndDisposeCluster(client.Cluster);
        client.Dispose();
    }

    /// <summary>Whether to use TLS, by the first server of the credential that answers. Throws ServerUnreachable when none does.</summary>
    public async Task<bool> ReachAsync(CancellationToken cancellationToken)
    {
        // The driver looks the record up; who publishes one means TLS (specification, "Initial DNS Seedlist Discovery").
        if (MongoDbOptions.IsSrv(credential))
            return credential.SslMode != SslMode.Disable;
        RotationException? first = null;
        var tries = MongoDbEndpoint.AllOf(credential).Select(endpoint => MongoDbTransport.ReachAsync(credential, endpoint, cancellationToken)).ToList();
        while (tries.Count > 0)
        {
            var reached = await Task.WhenAny(tries);
            tries.Remove(reached);
            try
            {
                return await reached;
            }
            catch (RotationException e)
            {
                first ??= e;
            }
        }

        throw first!;
    }
}
