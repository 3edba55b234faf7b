using System.Collections.Concurrent;
using System.Globalization;
using MongoDB.Bson;
using MongoDB.Driver.Core.Servers;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>
/// Watches and ends a user's connections, on every server that knows any: $currentOp lists those of the server that is asked (manual, "$currentOp";
/// it takes the action inprog, of clusterMonitor).
/// </summary>
internal sealed class MongoDbSessions(MongoDbSession session, string authSource, Func<MongoDbEndpoint, CancellationToken, Task<MongoDbSession>> openAsync)
{
    private const int BatchSize = 100_000;

    /// <summary>Who is logged in on a connection.</summary>
    private const string UsersField = "effectiveUsers";

    /// <summary>Connections have no beginning in the list: when one was seen first stands for it.</summary>
    private readonly ConcurrentDictionary<string, DateTimeOffset> _seen = [];

    public async Task<LoginSessions> ListAsync(string username, CancellationToken cancellationToken)
    {
        // The admin's main session is idle while its others ask, and logged in where changes go; after an election that is elsewhere.
        await session.ReadAsync("admin", new("ping", 1), cancellationToken);
        var asked = await Task.WhenAll(Members().Select(member => AskAsync(member, username, cancellationToken)));
        var unasked = asked.Select(answer => answer.Unasked).OfType<UnaskedEndpoint>().ToList();
        if (asked.Any(answer => answer.ShowsOwn == false) && !asked.Any(answer => answer.ShowsOwn == true))
        {
            // Seen in the sources of the newest releases, which take the user from the operation: that nobody is listed means nothing there.
            var endpoint = session.Endpoint.ToString();
            unasked.Add(new(endpoint, $"{endpoint} does not say who is logged in on a connection that is idle."));
        }

        return new([.. asked.SelectMany(answer => answer.Seen)], unasked);
    }

    /// <summary>
    /// Ends what the user's sessions do: killAllSessions ends operations, cursors and transactions, and leaves connections open, which have no rights any
    /// more since the user was locked out. They are gone for the user, and stay in the list until they ask for something.
    /// </summary>
    public async Task<EndedSessions> EndAsync(string username, TimeSpan? olderThan, CancellationToken cancellationToken)
    {
        var before = await ListAsync(username, cancellationToken);
        var count = before.Seen.Count(seen => olderThan is null || seen.Age >= olderThan);
        var ended = await Task.WhenAll(Members().Select(member => EndAsync(member, username, cancellationToken)));
        return new(count, [.. ended.OfType<UnaskedEndpoint>()]);
    }

    private IEnumerable<ServerDescription> Members() => session.Servers.Where(server => server.Type != ServerType.ReplicaSetArbiter);

    private async Task<(IReadOnlyList<LoginSession> Seen, UnaskedEndpoint? Unasked, bool? ShowsOwn)> AskAsync(ServerDescription member, string username, CancellationToken cancellationToken)
    {
        var endpoint = MongoDbEndpoint.Of(member.EndPoint);
        try
        {
            var one = await openAsync(endpoint, cancellationToken);
            var reply = await one.ReadAsync("admin", CurrentOp(username), cancellationToken);
            var now = DateTimeOffset.UtcNow;
            var listed = reply["cursor"]["firstBatch"].AsBsonArray.OfType<BsonDocument>().ToList();
            var found = listed.Where(op => !Text(op, "appName").StartsWith(MongoDbConnector.ApplicationName, StringComparison.Ordinal));
            return ([.. found.Select(op => ToSession(op, endpoint, now)).DistinctBy(seen => seen.Id)], null, ShowsOwn(listed));
        }
        catch (MongoDbCommandError e) when (e.IsRefused)
        {
            return ([], new(endpoint.ToString(), $"{endpoint} does not show connections to {session.Connector.Username}: {e.Message}."), null);
        }
        catch (MongoDbCommandError e)
        {
            return ([], new(endpoint.ToString(), $"{endpoint} does not list its connections: {e.Message}."), null);
        }
        catch (RotationException e)
        {
            return ([], new(endpoint.ToString(), e.Message), null);
        }
    }

    /// <summary>Whether the admin's main session is listed with its user; false where it watches only, too, and null where it is not listed.</summary>
    private bool? ShowsOwn(List<BsonDocument> listed)
    {
        var own = listed.Where(op => Text(op, "appName") == session.ApplicationName).ToList();
        return own.Count == 0 ? null : own.Exists(op => op.Contains(UsersField));
    }

    private async Task<UnaskedEndpoint?> EndAsync(ServerDescription member, string username, CancellationToken cancellationToken)
    {
        var endpoint = MongoDbEndpoint.Of(member.EndPoint);
        if (!session.Server.Has(MongoDbFeatures.KillSessions))
            return new(endpoint.ToString(), $"{endpoint} has no killAllSessions.");
        try
        {
            var who = new BsonDocument { { "user", username }, { "db", authSource } };
            await (await openAsync(endpoint, cancellationToken)).ReadAsync("admin", new("killAllSessions", new BsonArray { who }), cancellationToken);
            return null;
        }
        catch (MongoDbCommandError e)
        {
            return new(endpoint.ToString(), $"{endpoint} did not end sessions: {e.Message}.");
        }
        catch (RotationException e)
        {
            return new(endpoint.ToString(), e.Message);
        }
    }

    /// <summary>Through a mongos it would list the shards' operations: the applications' connections are its own.</summary>
    private BsonDocument CurrentOp(string username)
    {
        var which = new BsonDocument { { "allUsers", true }, { "idleConnections", true } };
        if (session.Server.Has(MongoDbFeatures.Router))
            which.Add("localOps", true);
        var who = new BsonDocument { { "user", username }, { "db", authSource } };
        return new()
        {
            { "aggregate", 1 },
            {
                "pipeline", new BsonArray
                {
                    new BsonDocument("$currentOp", which),
                    new BsonDocument("$match", new BsonDocument("$or", new BsonArray
                    {
                        new BsonDocument(UsersField, new BsonDocument("$elemMatch", who)),
                        new BsonDocument("appName", session.ApplicationName),
                    })),
                    new BsonDocument("$project", new BsonDocument { { "connectionId", 1 }, { "client", 1 }, { "client_s", 1 }, { "appName", 1 }, { "active", 1 }, { "op", 1 }, { UsersField, 1 } }),
                }
            },
            { "cursor", new BsonDocument("batchSize", BatchSize) },
        };
    }

    private LoginSession ToSession(BsonDocument op, MongoDbEndpoint endpoint, DateTimeOffset now)
    {
        var client = Text(op, "client") is { Length: > 0 } direct ? direct : Text(op, "client_s");
        var id = op.TryGetValue("connectionId", out var number) && number.IsNumeric ? number.ToInt64().ToString(CultureInfo.InvariantCulture) : client;
        var started = _seen.GetOrAdd($"{endpoint} {id} {client}", now);
        var host = client.LastIndexOf(':') is var colon and > 0 ? client[..colon] : client;
        return new(id, host, Text(op, "appName"), started, now - started, op.GetValue("active", false).ToBoolean() ? Text(op, "op") : "idle")
        {
            Endpoint = endpoint == session.Endpoint ? null : endpoint.ToString(),
        };
    }

    private static string Text(BsonDocument document, string name) => document.TryGetValue(name, out var value) && value is BsonString text ? text.Value : "";
}
