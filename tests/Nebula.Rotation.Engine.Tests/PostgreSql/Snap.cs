using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Tests.PostgreSql;

/// <summary>Snapshots for planner tests, as the catalog reader makes them.</summary>
internal static class Snap
{
    public static LoginSnapshot Absent(string name, PostgreSqlFeatures features = PostgreSqlFeatures.None) =>
        new() { Username = name, Exists = false, Server = new("PostgreSQL", (long)features), Hints = new Dictionary<string, string> { [HintNames.Database] = "db" } };

    public static LoginSnapshot Of(string name, params PermissionFact[] facts) =>
        Absent(name) with { Exists = true, CanLogIn = true, Facts = facts };

    public static LoginSnapshot With(this LoginSnapshot snapshot, string hint, string value) =>
        snapshot with { Hints = new Dictionary<string, string>(snapshot.Hints) { [hint] = value } };

    public static LoginSnapshot On(this LoginSnapshot snapshot, PostgreSqlFeatures features) => snapshot with { Server = new("PostgreSQL", (long)features) };

    public static PermissionFact Attribute(string name, string value) => new() { Kind = FactKinds.Attribute, Name = name, Value = value };

    public static PermissionFact Setting(string name, string value, string? database = null) => new() { Kind = FactKinds.Setting, Name = name, Value = value, Database = database };

    public static PermissionFact Privilege(string privilege, string objectName, string type = "TABLE", string? column = null, string grantor = "\"owner\"", bool option = false) => new()
    {
        Kind = FactKinds.Privilege,
        Database = "db",
        ObjectType = type,
        ObjectName = objectName,
        SubName = column,
        Name = privilege,
        Grantor = grantor,
        ObjectOwner = "\"owner\"",
        WithGrantOption = option,
    };

    public static PermissionFact Granted(string privilege, string objectName, string grantee) =>
        Privilege(privilege, objectName) with { Kind = FactKinds.GrantedPrivilege, Grantor = PermissionFact.Login, Grantee = grantee };

    public static PermissionFact MemberOf(string group, string? grantor = null, bool admin = false, string? options = null) =>
        new() { Kind = FactKinds.MemberOf, ObjectType = "ROLE", ObjectName = group, Name = "MEMBER", Grantor = grantor, WithGrantOption = admin, Value = options };

    public static PermissionFact Default(string privilege, string objects, string definer, string? grantee, string? schema = null, bool revoked = false, bool option = false) => new()
    {
        Kind = FactKinds.DefaultPrivilege,
        Database = "db",
        ObjectType = objects,
        ObjectName = schema,
        Name = privilege,
        Grantor = definer,
        Grantee = grantee,
        Value = revoked ? FactKinds.Revoked : null,
        WithGrantOption = option,
    };

    public static PermissionFact Policy(string table, string name) =>
        new() { Kind = FactKinds.Policy, Database = "db", ObjectType = "TABLE", ObjectName = table, SubName = name, Name = "POLICY" };

    public static PermissionFact Mapping(string server, string? options) =>
        new() { Kind = FactKinds.UserMapping, Database = "db", ObjectType = "SERVER", ObjectName = server, Name = "USER MAPPING", Value = options };

    public static PermissionFact Owner(string type, string name) =>
        new() { Kind = FactKinds.Owner, Database = "db", ObjectType = type, ObjectName = name, Name = "OWNER", IsExclusive = true };
}
