using MongoDB.Bson;

namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>What roles allow (manual, "Built-In Roles" and "Privilege Actions"), as far as the tests go.</summary>
internal static class WirePrivileges
{
    private static readonly string[] Read = ["find", "listCollections", "collStats", "killCursors"];
    private static readonly string[] Write = [.. Read, "insert", "update", "remove", "createCollection", "dropCollection"];
    private static readonly string[] Users =
    [
        "createUser", "dropUser", "viewUser", "createRole", "dropRole", "viewRole", "grantRole", "revokeRole", "changePassword", "changeCustomData", "setAuthenticationRestriction",
    ];

    private static readonly string[] Monitor = ["inprog", "serverStatus", "getParameter", "replSetGetStatus", "listDatabases"];
    private static readonly string[] Host = ["killop", "killAnySession", "invalidateUserCache", "setParameter"];
    private static readonly string[] Cluster = [.. Monitor, .. Host, "replSetStateChange"];

    /// <summary>A database ("" for any), null for the cluster.</summary>
    internal sealed record Privilege(string? Db, IReadOnlyList<string> Actions)
    {
        public BsonDocument ToDocument() => new()
        {
            { "resource", Db is null ? new BsonDocument("cluster", true) : new BsonDocument { { "db", Db }, { "collection", "" } } },
            { "actions", new BsonArray(Actions) },
        };
    }

    public static bool IsBuiltIn(string role, string db) => BuiltIn(role, db) is not null;

    /// <summary>The privileges of a built-in role; null when there is none of that name in that database.</summary>
    public static IReadOnlyList<Privilege>? BuiltIn(string role, string db) => (role, db) switch
    {
        ("read", _) => [new(db, Read)],
        ("readWrite", _) => [new(db, Write)],
        ("dbAdmin", _) => [new(db, ["collStats", "listCollections", "createCollection", "dropCollection"])],
        ("userAdmin", _) => [new(db, Users)],
        ("dbOwner", _) => [new(db, [.. Write, .. Users])],
        ("readAnyDatabase", "admin") => [new("", Read)],
        ("readWriteAnyDatabase", "admin") => [new("", Write)],
        ("userAdminAnyDatabase", "admin") => [new("", Users), new(null, ["invalidateUserCache", "listDatabases"])],
        ("clusterMonitor", "admin") => [new(null, Monitor)],
        ("hostManager", "admin") => [new(null, Host)],
        ("clusterAdmin", "admin") => [new(null, Cluster)],
        ("root", "admin") => [new("", [.. Write, .. Users]), new(null, Cluster)],
        _ => null,
    };
}
