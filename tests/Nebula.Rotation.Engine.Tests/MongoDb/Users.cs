using Nebula.Rotation.Engine.Databases.MongoDb;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Tests.MongoDb;

/// <summary>Users as the catalog would have read them.</summary>
internal static class Users
{
    public static DatabaseCredential Credential(params string[] hosts) =>
        new() { Name = "app", DatabaseType = DatabaseType.MongoDb, HostName = hosts, Port = 27018, Database = "shop", Username = "app" };

    public static LoginSnapshot Named(string name, params PermissionFact[] facts) => new()
    {
        Username = name,
        Exists = true,
        CanLogIn = true,
        Server = new("MongoDB 8", (long)MongoDbFeatures.GrantRoles),
        Facts = facts,
        Hints = new Dictionary<string, string> { [HintNames.AuthSource] = "admin" },
    };

    public static LoginSnapshot Absent(string name) => Named(name) with { Exists = false, CanLogIn = false };

    /// <summary>The same, blocked with a mark.</summary>
    public static LoginSnapshot Blocked(LoginSnapshot user, string mark = """{ "state" : "blocked" }""") =>
        user with { CanLogIn = false, Hints = new Dictionary<string, string>(user.Hints) { [HintNames.BlockMark] = mark } };

    public static PermissionFact Role(string role, string database = "shop") => new() { Kind = FactKinds.Role, Name = role, Database = database };

    public static PermissionFact Data(string name, MongoDB.Bson.BsonValue value) => new() { Kind = FactKinds.CustomData, Name = name, Value = MongoDbDialect.ToText(value) };

    public static PermissionFact From(string address) => new()
    {
        Kind = FactKinds.Restriction,
        Name = "authenticationRestrictions",
        Value = MongoDbDialect.ToText(new MongoDB.Bson.BsonDocument("clientSource", new MongoDB.Bson.BsonArray { address })),
    };

    public static PermissionFact Mechanism(string name) => new() { Kind = FactKinds.Mechanism, Name = name };
}
