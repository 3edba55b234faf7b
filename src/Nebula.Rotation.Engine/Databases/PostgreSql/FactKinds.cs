namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>The kinds of fact that this room reads; each has a rule.</summary>
internal static class FactKinds
{
    /// <summary>An attribute of the role: pg_authid. LOGIN is none: it is the state that a block switches.</summary>
    public const string Attribute = "Attribute";

    /// <summary>COMMENT ON ROLE: pg_shdescription.</summary>
    public const string Comment = "Comment";

    /// <summary>ALTER ROLE … SET: pg_db_role_setting.</summary>
    public const string Setting = "Setting";

    /// <summary>The schemas that the login's unqualified names are looked up in, in one database.</summary>
    public const string SearchPath = "SearchPath";

    /// <summary>The login is a member of a role: pg_auth_members.member.</summary>
    public const string MemberOf = "MemberOf";

    /// <summary>A role is a member of the login: pg_auth_members.roleid.</summary>
    public const string HasMember = "HasMember";

    /// <summary>A privilege that the login has on an object that it does not own.</summary>
    public const string Privilege = "Privilege";

    /// <summary>A privilege on an object that the login does not own, which the login gave to somebody else.</summary>
    public const string GrantedPrivilege = "GrantedPrivilege";

    /// <summary>A membership of one other role in another, which the login gave.</summary>
    public const string GrantedMembership = "GrantedMembership";

    /// <summary>An entry of pg_default_acl: the login is who defines it, or who gets it.</summary>
    public const string DefaultPrivilege = "DefaultPrivilege";

    /// <summary>A row security policy names the login: pg_policy.polroles.</summary>
    public const string Policy = "Policy";

    /// <summary>
    /// The login's user name and password on a foreign server: pg_user_mapping. The value has the options' names, and 16 bits of a hash of all, which tell
    /// two mappings apart and confirm no guess.
    /// </summary>
    public const string UserMapping = "UserMapping";

    /// <summary>SECURITY LABEL … ON ROLE: pg_shseclabel.</summary>
    public const string SecurityLabel = "SecurityLabel";

    /// <summary>The login owns an object.</summary>
    public const string Owner = "Owner";

    /// <summary>A privilege that the login has on an object because it owns it: read for a change of owner only.</summary>
    public const string OwnPrivilege = "OwnPrivilege";

    /// <summary>Value of an <see cref="OwnPrivilege"/> on a table that has rules.</summary>
    public const string HasRules = "RULES";

    /// <summary>Value of a <see cref="DefaultPrivilege"/> that takes a built-in default away (EXECUTE from PUBLIC).</summary>
    public const string Revoked = "REVOKED";

    /// <summary>Value of an <see cref="Owner"/> fact whose object moves with the table that it belongs to.</summary>
    public const string Follows = "FOLLOWS";

    /// <summary>Name of the attribute with the password's end.</summary>
    public const string ValidUntil = "VALID UNTIL";

    /// <summary>A <see cref="ValidUntil"/> that says "never", as no value does.</summary>
    public const string Infinity = "infinity";
}
