namespace Nebula.Rotation.Integration.Tests.MySql;

/// <summary>Every kind of right and attribute that a login can have, as a superuser gives it.</summary>
internal static class MySqlRights
{
    /// <summary>What all cases share. {0} database, {1} and {2} roles, {3} another account's user name.</summary>
    public const string Surroundings =
        """
        CREATE TABLE {0}.`T ``1` (a int, `B c` int, d int);
        CREATE TABLE {0}.t2 (a int);
        CREATE VIEW {0}.v AS SELECT 1 AS one;
        CREATE PROCEDURE {0}.p() SELECT 1;
        CREATE FUNCTION {0}.`f x`() RETURNS int DETERMINISTIC NO SQL RETURN 1;
        CREATE ROLE {1};
        CREATE ROLE {2};
        CREATE USER {3}@'localhost' IDENTIFIED BY 'x'
        """;

    /// <summary>{0} database, {1} and {2} roles, {3} another's user name, {4} the login. Its accounts are for '%' and '10.%'.</summary>
    public static IReadOnlyList<string> Common { get; } =
    [
        "ALTER USER {4}@'%' REQUIRE SSL",
        "ALTER USER {4}@'10.%' REQUIRE X509",
        "ALTER USER {4}@'%' REQUIRE SUBJECT '/CN=it''s \\\\ x' AND ISSUER '/CN=\"ca\"' AND CIPHER 'AES256-SHA'",
        "ALTER USER {4}@'%' WITH MAX_QUERIES_PER_HOUR 11 MAX_UPDATES_PER_HOUR 12 MAX_CONNECTIONS_PER_HOUR 13 MAX_USER_CONNECTIONS 14",
        "ALTER USER {4}@'10.%' PASSWORD EXPIRE INTERVAL 90 DAY",
        "ALTER USER {4}@'%' PASSWORD EXPIRE NEVER",
        "GRANT SELECT, PROCESS, REPLICATION SLAVE, CREATE TEMPORARY TABLES ON *.* TO {4}@'%'",
        "GRANT CREATE USER, RELOAD, SHOW DATABASES, LOCK TABLES ON *.* TO {4}@'10.%' WITH GRANT OPTION",
        "GRANT USAGE ON *.* TO {4}@'%' WITH GRANT OPTION",
        "GRANT ALL ON {0}.* TO {4}@'%'",
        "GRANT SELECT, EVENT, TRIGGER, CREATE ROUTINE, SHOW VIEW ON {0}.* TO {4}@'10.%' WITH GRANT OPTION",
        "GRANT INSERT, REFERENCES ON `no\\_such%db`.* TO {4}@'%'",
        "GRANT SELECT, INSERT, DELETE, ALTER, INDEX ON {0}.`T ``1` TO {4}@'%' WITH GRANT OPTION",
        "GRANT UPDATE, CREATE VIEW, SHOW VIEW, TRIGGER ON {0}.v TO {4}@'10.%'",
        "GRANT CREATE, DROP ON {0}.gone TO {4}@'%'",
        "GRANT SELECT (a, `B c`), UPDATE (d), REFERENCES (a) ON {0}.`T ``1` TO {4}@'%'",
        "GRANT INSERT (a) ON {0}.t2 TO {4}@'10.%'",
        "GRANT EXECUTE ON PROCEDURE {0}.p TO {4}@'%' WITH GRANT OPTION",
        "GRANT EXECUTE, ALTER ROUTINE ON FUNCTION {0}.`f x` TO {4}@'10.%'",
        "GRANT {1} TO {4}@'%'",
        "GRANT {2} TO {4}@'%' WITH ADMIN OPTION",
        "GRANT {1} TO {4}@'10.%' WITH ADMIN OPTION",
    ];

    public static IReadOnlyList<string> OfMySql { get; } =
    [
        "ALTER USER {4}@'%' PASSWORD HISTORY 5 PASSWORD REUSE INTERVAL 30 DAY PASSWORD REQUIRE CURRENT",
        "ALTER USER {4}@'10.%' PASSWORD REQUIRE CURRENT OPTIONAL FAILED_LOGIN_ATTEMPTS 4 PASSWORD_LOCK_TIME UNBOUNDED",
        "ALTER USER {4}@'%' FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME 2",
        "ALTER USER {4}@'%' ATTRIBUTE '{\"b\": {\"x\": 1}, \"a\": \"it''s \\\\\\\\ ü\"}'",
        "ALTER USER {4}@'10.%' COMMENT 'it''s \"mine\"'",
        "GRANT BACKUP_ADMIN, ROLE_ADMIN ON *.* TO {4}@'%'",
        "GRANT CONNECTION_ADMIN, SYSTEM_VARIABLES_ADMIN ON *.* TO {4}@'10.%' WITH GRANT OPTION",
        "GRANT SELECT, INSERT, UPDATE ON *.* TO {4}@'%'; REVOKE INSERT, UPDATE ON mysql.* FROM {4}@'%'",
        "GRANT {1} TO {4}@'%'; SET DEFAULT ROLE {1} TO {4}@'%'",
        "GRANT {2} TO {4}@'10.%'; ALTER USER {4}@'10.%' DEFAULT ROLE {2}",
        // In this order: after the other one MySQL 9.7 says one thing of the admin option in its tables and another in SHOW GRANTS.
        "GRANT {1}, {4}@'%' TO {3}@'localhost'; SET DEFAULT ROLE {1}, {4}@'%' TO {3}@'localhost'",
        "GRANT {4}@'%' TO {3}@'localhost' WITH ADMIN OPTION",
        "GRANT PROXY ON {3}@'localhost' TO {4}@'%' WITH GRANT OPTION",
        "GRANT PROXY ON {4}@'10.%' TO {3}@'localhost'",
    ];

    public static IReadOnlyList<string> OfMariaDb { get; } =
    [
        "ALTER USER {4}@'%' WITH MAX_STATEMENT_TIME 2.5",
        "GRANT BINLOG MONITOR, CONNECTION ADMIN, SET USER, FEDERATED ADMIN ON *.* TO {4}@'%'",
        "GRANT DELETE HISTORY ON {0}.* TO {4}@'10.%'",
        "GRANT DELETE HISTORY ON {0}.t2 TO {4}@'%'",
        "GRANT {1} TO {4}@'%'; SET DEFAULT ROLE {1} FOR {4}@'%'",
        "GRANT {2} TO {4}@'10.%'; SET DEFAULT ROLE {2} FOR {4}@'10.%'",
        "GRANT PROXY ON {3}@'localhost' TO {4}@'%' WITH GRANT OPTION",
        "GRANT PROXY ON {4}@'10.%' TO {3}@'localhost'",
    ];

    public static IReadOnlyList<string> Of(bool isMariaDb) => [.. Common, .. isMariaDb ? OfMariaDb : OfMySql];
}
