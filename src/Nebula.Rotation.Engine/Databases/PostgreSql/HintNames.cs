namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>Names of what a snapshot tells the planner beside the facts.</summary>
internal static class HintNames
{
    /// <summary>The database that was visited: the credential's own.</summary>
    public const string Database = "database";

    /// <summary>"true" when the login may make objects: CREATE on the database or on a schema of it.</summary>
    public const string MayCreate = "may_create";

    /// <summary>Every role that the login is a member of, directly or not, as a JSON array of names.</summary>
    public const string Ancestors = "ancestors";

    /// <summary>The value of search_path set for the login in the visited database, elements as a JSON array; absent when none is set.</summary>
    public const string OwnSearchPath = "search_path.own";

    /// <summary>"true" when the login's search_path has "$user" and that means a schema.</summary>
    public const string UserSchema = "search_path.user_schema";

    /// <summary>"true" when a schema of the visited database is called like the login.</summary>
    public const string NameIsSchema = "name_is_schema";
}
