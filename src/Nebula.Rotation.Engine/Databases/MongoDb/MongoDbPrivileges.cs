using MongoDB.Bson;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>What the admin may do: connectionStatus with showPrivileges.</summary>
internal sealed class MongoDbPrivileges
{
    private readonly List<(BsonDocument Resource, HashSet<string> Actions)> _privileges;

    private MongoDbPrivileges(IEnumerable<BsonDocument> privileges) =>
        _privileges = [.. privileges.Select(privilege => (privilege["resource"].AsBsonDocument, privilege["actions"].AsBsonArray.Select(action => action.AsString).ToHashSet()))];

    /// <summary>Null where the server does not say.</summary>
    public static async Task<MongoDbPrivileges?> ReadAsync(MongoDbSession session, CancellationToken cancellationToken)
    {
        try
        {
            var reply = await session.ReadAsync("admin", new BsonDocument { { "connectionStatus", 1 }, { "showPrivileges", true } }, cancellationToken);
            return reply.TryGetValue("authInfo", out var info) && info is BsonDocument document && document.TryGetValue("authenticatedUserPrivileges", out var list) && list is BsonArray privileges
                ? new(privileges.OfType<BsonDocument>())
                : null;
        }
        catch (MongoDbCommandError)
        {
            return null;
        }
    }

    /// <summary>On a database as a whole: the resource { db, collection: "" }, or one that holds it.</summary>
    public bool OnDatabase(string database, string action) => _privileges.Any(privilege => privilege.Actions.Contains(action) && Covers(privilege.Resource, database));

    public bool OnCluster(string action) => _privileges.Any(privilege =>
        privilege.Actions.Contains(action) && (IsTrue(privilege.Resource, "cluster") || IsTrue(privilege.Resource, "anyResource")));

    private static bool Covers(BsonDocument resource, string database) =>
        IsTrue(resource, "anyResource")
        || (resource.TryGetValue("db", out var name) && (name == "" || name == database) && resource.GetValue("collection", "") == "");

    private static bool IsTrue(BsonDocument resource, string field) => resource.TryGetValue(field, out var value) && value.ToBoolean();
}
