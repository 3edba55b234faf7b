namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>Names of what a snapshot tells the planner beside the facts.</summary>
internal static class HintNames
{
    /// <summary>The credential's own database.</summary>
    public const string Database = "database";

    /// <summary>Every database that was visited, as a JSON array of names; the credential's own is the first.</summary>
    public const string Databases = "databases";

    /// <summary>"true" when the login may make objects in a database: CREATE on it or on a schema of it. <see cref="In"/> a database.</summary>
    public const string MayCreate = "may_create";

    /// <summary>Every role that the login is a member of, directly or not, as a JSON array of names.</summary>
    public const string Ancestors = "ancestors";

    /// <summary>The value of search_path set for the login in a database, elements as a JSON array; absent when none is set. <see cref="In"/> a database.</summary>
    public const string OwnSearchPath = "search_path.own";

    /// <summary>"true" when the login's search_path has "$user" and that means a schema. <see cref="In"/> a database.</summary>
    public const string UserSchema = "search_path.user_schema";

    /// <summary>"true" when a schema is called like the login. <see cref="In"/> a database.</summary>
    public const string NameIsSchema = "name_is_schema";

    /// <summary>The roles that a policy names, as a JSON array of identifiers. <see cref="Of"/> a policy.</summary>
    public const string PolicyRoles = "policy";

    /// <summary>The admin that the snapshot was read with, as statements name it; absent for a superuser.</summary>
    public const string Admin = "admin";

    /// <summary>"true" when that admin has the login's privileges and can switch to it.</summary>
    public const string AdminIsMember = "admin.is_member";

    /// <summary>What that admin lacks for a rotation of the login, as a JSON array of statements.</summary>
    public const string MissingRights = "admin.missing";

    /// <summary>What that admin cannot take away from the login, as a JSON object: the fact in words, and who gave it.</summary>
    public const string GivenByOthers = "admin.given_by_others";

    /// <summary>What a new owner needs for the moment in which it gets an object, and may lack: privilege and object of a GRANT. <see cref="Of"/> the object.</summary>
    public const string OwnerNeeds = "owner_needs";

    /// <summary>The name of an answer about the object of a fact.</summary>
    public static string Of(string hint, PermissionFact fact) => $"{hint}:{fact.Database}:{fact.ObjectName}:{fact.SubName}";

    /// <summary>The name of an answer about one database.</summary>
    public static string In(string hint, string database) => $"{hint}:{database}";
}
