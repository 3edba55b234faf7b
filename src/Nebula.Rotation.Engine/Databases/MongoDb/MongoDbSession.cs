using MongoDB.Bson;
using MongoDB.Driver;
using MongoDB.Driver.Core.Clusters;
using MongoDB.Driver.Core.Servers;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>A client of the driver's that is one login's own, with the server's answers and refusals as this room has them.</summary>
internal sealed class MongoDbSession(MongoDbConnector connector, MongoClient client, MongoDbEndpoint? only, bool usesTls) : IAsyncDisposable
{
    /// <summary>Server-side, in milliseconds: what a runner that died left behind ends by itself.</summary>
    private const int TimeLimit = 60_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public MongoDbConnector Connector { get; } = connector;

    public bool UsesTls { get; } = usesTls;

    public MongoDbServer Server { get; private set; } = new("", MongoDbFeatures.None);

    /// <summary>How the connections of this session call themselves.</summary>
    public string ApplicationName => client.Settings.ApplicationName;

    /// <summary>The server that takes changes, or the one that was asked for.</summary>
    public MongoDbEndpoint Endpoint => only ?? (Takers().FirstOrDefault() is { } server ? MongoDbEndpoint.Of(server.EndPoint) : MongoDbEndpoint.AllOf(Connector.Credential)[0]);

    /// <summary>Every server that the driver knows of.</summary>
    public IReadOnlyList<ServerDescription> Servers => client.Cluster.Description.Servers;

    public static async Task<MongoDbSession> OpenAsync(MongoDbConnector connector, RotationErrorCode authenticationFailed, CancellationToken cancellationToken) =>
        await OpenAsync(connector, null, await connector.ReachAsync(cancellationToken), authenticationFailed, cancellationToken);

    /// <summary>Opens a client of one endpoint, or of all, and asks it who it is, which logs in. Throws as <see cref="MongoDbErrors.OfConnecting"/> has it.</summary>
    public static async Task<MongoDbSession> OpenAsync(
        MongoDbConnector connector, MongoDbEndpoint? only, bool usesTls, RotationErrorCode authenticationFailed, CancellationToken cancellationToken)
    {
        var session = new MongoDbSession(connector, connector.Open(only, usesTls), only, usesTls);
        try
        {
            await session.GreetAsync(authenticationFailed, cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>The answer to hello, when it was opened.</summary>
    public BsonDocument Hello { get; private set; } = [];

    /// <summary>Asks whether the server has commands that some lack; the list is long and is asked for where it is needed.</summary>
    public async Task AskFeaturesAsync(CancellationToken cancellationToken)
    {
        var version = (await ReadAsync("admin", new("buildInfo", 1), cancellationToken)).GetValue("version", "").ToString()!;
        var features = Hello.GetValue("msg", "") == "isdbgrid" ? MongoDbFeatures.Router : Hello.Contains("setName") ? MongoDbFeatures.ReplicaSet : MongoDbFeatures.None;
        var commands = (await ReadAsync("admin", new("listCommands", 1), cancellationToken)).GetValue("commands", new BsonDocument()).AsBsonDocument;
        if (commands.Contains("grantRolesToUser") && commands.Contains("revokeRolesFromUser"))
            features |= MongoDbFeatures.GrantRoles;
        if (commands.Contains("killAllSessions"))
            features |= MongoDbFeatures.KillSessions;
        Server = new(version, features);
    }

    /// <summary>
    /// Runs a command that changes nothing, again while the primary changes or a connection breaks, as the driver does with its own reads. Throws
    /// <see cref="MongoDbCommandError"/> for a refusal.
    /// </summary>
    public async Task<BsonDocument> ReadAsync(string database, BsonDocument command, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await RunAsync(database, command, cancellationToken);
            }
            catch (TransientDatabaseException e)
            {
                if (TimeProvider.System.GetElapsedTime(started) > Connector.Credential.ConnectionTimeout)
                    throw new RotationException(RotationErrorCode.ServerUnreachable, e.Message, "Wait until the servers have a primary, and repeat.");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>Runs a command once; a <see cref="TransientDatabaseException"/> leaves it open whether it happened.</summary>
    public async Task<BsonDocument> ChangeAsync(string database, BsonDocument command, CancellationToken cancellationToken)
    {
        var reply = await RunAsync(database, new BsonDocument(command).Add("maxTimeMS", TimeLimit), cancellationToken);
        if (reply.TryGetValue("writeConcernError", out var unconfirmed))
        {
            throw MongoDbErrors.Transient(
                Endpoint.ToString(), $"The change is not confirmed by a majority of the members: {(unconfirmed as BsonDocument)?.GetValue("errmsg", "")}");
        }

        return reply;
    }

    /// <summary>A session of the same login with one server alone. One that is down is told at once: it would be asked again and again.</summary>
    public async Task<MongoDbSession> OpenOneAsync(MongoDbEndpoint endpoint, CancellationToken cancellationToken)
    {
        await MongoDbTransport.ReachAsync(Connector.Credential, endpoint, cancellationToken);
        return await OpenAsync(Connector, endpoint, UsesTls, RotationErrorCode.AdminAuthenticationFailed, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        MongoDbConnector.Close(client);
        return ValueTask.CompletedTask;
    }

    /// <summary>Asks the servers anew what they are.</summary>
    public Task RenewAsync(CancellationToken cancellationToken) => GreetAsync(RotationErrorCode.AdminAuthenticationFailed, cancellationToken);

    private async Task GreetAsync(RotationErrorCode authenticationFailed, CancellationToken cancellationToken)
    {
        try
        {
            Hello = await SendAsync("admin", new("hello", 1), cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var where = only?.ToString() ?? Connector.Credential.Endpoints;
            if (MongoDbErrors.OfConnecting(e, where, Connector.Username, Connector.AuthSource, authenticationFailed, ClusterReason.Of(client.Cluster.Description)) is { } error)
                throw error;
            throw;
        }
    }

    private async Task<BsonDocument> RunAsync(string database, BsonDocument command, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(database, command, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var error = MongoDbErrors.OfCommand(e, Endpoint.ToString());
            if (ReferenceEquals(error, e))
                throw;
            throw error;
        }
    }

    /// <summary>One server alone is asked whatever it is; of several, the one that takes changes.</summary>
    private Task<BsonDocument> SendAsync(string database, BsonDocument command, CancellationToken cancellationToken) =>
        client.GetDatabase(database).RunCommandAsync<BsonDocument>(command, only is null ? ReadPreference.Primary : ReadPreference.Nearest, cancellationToken);

    private IEnumerable<ServerDescription> Takers() =>
        Servers.Where(server => server.Type is ServerType.ReplicaSetPrimary or ServerType.Standalone or ServerType.ShardRouter);
}
