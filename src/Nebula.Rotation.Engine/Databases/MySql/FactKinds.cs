namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>The kinds of fact that this room reads; each has a rule. A login is all accounts of its name: a fact says which by its grantee, host and all.</summary>
internal static class FactKinds
{
    /// <summary>There is an account with this host; the value is how it proves itself.</summary>
    public const string Account = "Account";

    /// <summary>An attribute of an account other than a right: REQUIRE, limits, the password's life. The lock is none: it is the state that a block switches.</summary>
    public const string Attribute = "Attribute";

    /// <summary>ATTRIBUTE and COMMENT of an account: JSON.</summary>
    public const string Metadata = "Metadata";

    /// <summary>A privilege on everything, a database (or a pattern of names), a table, a column or a routine; GRANT OPTION is one of them.</summary>
    public const string Privilege = "Privilege";

    /// <summary>A dynamic privilege, each with a grant option of its own.</summary>
    public const string DynamicPrivilege = "DynamicPrivilege";

    /// <summary>A privilege on everything that does not hold in one database.</summary>
    public const string Restriction = "Restriction";

    /// <summary>A role that the login has.</summary>
    public const string MemberOf = "MemberOf";

    /// <summary>Somebody to whom the login was granted as a role.</summary>
    public const string HasMember = "HasMember";

    /// <summary>A role that is active from the start of a session of the login.</summary>
    public const string DefaultRole = "DefaultRole";

    /// <summary>The login is a default role of somebody.</summary>
    public const string DefaultRoleOf = "DefaultRoleOf";

    /// <summary>Somebody may act as somebody else, and the login is one of the two.</summary>
    public const string Proxy = "Proxy";

    /// <summary>The login is the definer of an object that moves to its successor.</summary>
    public const string Definer = "Definer";

    /// <summary>The login is the definer of an object that stays with it: the account is kept for that, locked.</summary>
    public const string KeptDefiner = "KeptDefiner";

    /// <summary>A privilege's own name for the right to pass on the others of its object.</summary>
    public const string GrantOption = "GRANT OPTION";

    public const string Global = "SERVER";
    public const string DatabaseType = "DATABASE";
    public const string Table = "TABLE";
    public const string Column = "COLUMN";
    public const string Function = "FUNCTION";
    public const string Procedure = "PROCEDURE";
    public const string View = "VIEW";
    public const string Event = "EVENT";
    public const string Trigger = "TRIGGER";
}
