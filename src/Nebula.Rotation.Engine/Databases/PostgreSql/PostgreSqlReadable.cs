namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>What PostgreSQL lets superusers read, and others only if they were told so. The numbers are those of the query that asks (PostgreSqlAdminSessions).</summary>
[Flags]
internal enum PostgreSqlReadable
{
    None = 0,

    /// <summary>pg_user_mapping: options of user mappings, which hold passwords; in one database.</summary>
    UserMappings = 1,

    /// <summary>pg_hba_file_rules.</summary>
    HostBasedRules = 2,

    /// <summary>pg_ident_file_mappings (15+).</summary>
    IdentityMappings = 4,

    /// <summary>pg_subscription.subconninfo.</summary>
    Subscriptions = 8,

    /// <summary>pg_file_settings.</summary>
    FileSettings = 16,
}
