namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>Parts that several catalog queries share.</summary>
internal static class CatalogSql
{
    /// <summary>The login's number; null when there is none, and then no query finds anything.</summary>
    public const string Login = "(SELECT oid FROM pg_roles WHERE rolname = $1)";

    /// <summary>The visited database's number.</summary>
    public const string Database = "(SELECT oid FROM pg_database WHERE datname = current_database())";

    /// <summary>
    /// What depends on the login, in the visited database, and in the credential's own ($2) also what all share: by index, so that the cost follows what the login has
    /// (manual, "pg_shdepend": o owns, a is in its ACL, r is in a policy, i is in its initial ACL).
    /// </summary>
    public const string Dependencies =
        $"""
        SELECT classid, objid, objsubid, deptype, dbid
        FROM pg_shdepend
        WHERE refclassid = 'pg_authid'::regclass
          AND refobjid = {Login}
          AND (dbid = {Database} OR dbid = 0 AND $2)
        """;

    /// <summary>Catalogs whose owners <see cref="OwnershipQuery"/> reads: what ALTER … OWNER TO moves, and extensions.</summary>
    public const string ReadOwners =
        $"""
        {AclsOfAll}, 'pg_collation'::regclass, 'pg_conversion'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass,
        'pg_ts_config'::regclass, 'pg_ts_dict'::regclass, 'pg_statistic_ext'::regclass, 'pg_publication'::regclass, 'pg_subscription'::regclass,
        'pg_event_trigger'::regclass, 'pg_extension'::regclass
        """;

    private const string AclsOfAll =
        """
        'pg_class'::regclass, 'pg_namespace'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_database'::regclass,
        'pg_language'::regclass, 'pg_largeobject'::regclass, 'pg_foreign_data_wrapper'::regclass, 'pg_foreign_server'::regclass, 'pg_tablespace'::regclass
        """;

    private static readonly Version WithParameters = new(15, 0);

    /// <summary>Catalogs whose ACLs <see cref="PrivilegeQuery"/> reads.</summary>
    public static string ReadAcls(Version serverVersion) => HasParameterAcls(serverVersion) ? $"{AclsOfAll}, 'pg_parameter_acl'::regclass" : AclsOfAll;

    /// <summary>Whether there is a catalog of parameters with privileges (15+).</summary>
    public static bool HasParameterAcls(Version serverVersion) => serverVersion >= WithParameters;

    /// <summary>A live session's temporary objects, which go with it (pg_temp is how the session itself would see them).</summary>
    public static string IsTemporary(string schema) => $"coalesce({schema} ~ '^(pg_temp(_[0-9]+)?|pg_toast_temp_[0-9]+)$', false)";
}
