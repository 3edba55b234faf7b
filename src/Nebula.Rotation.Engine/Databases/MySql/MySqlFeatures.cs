namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>What one server can do that another cannot, asked of the server, so that rules ask for a feature and never for a version.</summary>
[Flags]
internal enum MySqlFeatures : long
{
    None = 0,

    /// <summary>Roles are accounts, and any account can be granted like one: mysql.role_edges (MySQL manual, "Using Roles").</summary>
    RolesAreAccounts = 1,

    /// <summary>Accounts are JSON in mysql.global_priv (MariaDB documentation, "mysql.global_priv Table").</summary>
    GlobalPriv = 2,

    /// <summary>Dynamic privileges: mysql.global_grants (MySQL manual, "Static Versus Dynamic Privileges").</summary>
    DynamicPrivileges = 4,

    /// <summary>Accounts have attributes, restrictions and limits of failed logins: the column User_attributes of mysql.user.</summary>
    UserAttributes = 8,

    /// <summary>RETAIN CURRENT PASSWORD (MySQL manual, "Password Management"): the privilege APPLICATION_PASSWORD_ADMIN is known.</summary>
    RetainPassword = 16,

    /// <summary>performance_schema.processlist, which takes no global lock (MySQL manual, "The processlist Table").</summary>
    SchemaProcesslist = 32,

    /// <summary>What clients call themselves: performance_schema is on.</summary>
    ConnectAttributes = 64,

    /// <summary>CREATE OR REPLACE for routines and triggers, which keeps what is granted on them (MariaDB documentation, "CREATE PROCEDURE").</summary>
    ReplacesRoutines = 128,
}
