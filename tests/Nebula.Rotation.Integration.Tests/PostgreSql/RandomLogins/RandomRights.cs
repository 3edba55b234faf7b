using CsCheck;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.PostgreSql.RandomLogins;

/// <summary>
/// What a random login may have in one database: statements with slots for names: {0} login, {1} group, {2} other role, {3} owner, {4} database, {5} a schema of the
/// case's own, {6} deputy, who has everything with the grant option, {7} a parameter's prefix, {8} the other database.
/// </summary>
internal static class RandomRights
{
    /// <summary>What the rights are about, once a database.</summary>
    public const string Surroundings =
        """"
        CREATE SCHEMA "S 1" AUTHORIZATION {3};
        GRANT USAGE ON SCHEMA "S 1" TO {2};
        GRANT ALL ON DATABASE {4} TO {6} WITH GRANT OPTION;
        CREATE FOREIGN DATA WRAPPER "F dw";
        CREATE SERVER "far's" FOREIGN DATA WRAPPER "F dw";
        GRANT ALL ON FOREIGN DATA WRAPPER "F dw" TO {3}, {6} WITH GRANT OPTION;
        GRANT ALL ON FOREIGN SERVER "far's" TO {3}, {6} WITH GRANT OPTION;
        SELECT lo_create(4711);
        ALTER LARGE OBJECT 4711 OWNER TO {3};
        GRANT ALL ON LANGUAGE plpgsql TO {6} WITH GRANT OPTION;
        SET ROLE {3};
        CREATE TABLE "S 1"."T ""1""" (a integer, "B c" integer, d integer);
        CREATE TABLE "S 1".t2 (a integer);
        ALTER TABLE "S 1".t2 ENABLE ROW LEVEL SECURITY;
        CREATE TABLE "S 1".parted (a integer) PARTITION BY RANGE (a);
        CREATE FOREIGN TABLE "S 1".far (a integer) SERVER "far's";
        CREATE VIEW "S 1"."V" AS SELECT 1 AS one;
        CREATE MATERIALIZED VIEW "S 1".m AS SELECT 1 AS one;
        CREATE SEQUENCE "S 1".q;
        CREATE FUNCTION "S 1"."F"(a integer, b text[]) RETURNS integer LANGUAGE sql AS 'SELECT 1';
        CREATE PROCEDURE "S 1".p(INOUT a integer) LANGUAGE sql AS 'SELECT 1';
        CREATE AGGREGATE "S 1".agg0(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
        CREATE TYPE "S 1".e AS ENUM ('x');
        CREATE DOMAIN "S 1"."D" AS integer;
        REVOKE ALL ON FUNCTION "S 1"."F"(integer, text[]) FROM PUBLIC;
        REVOKE ALL ON TYPE "S 1".e FROM PUBLIC;
        GRANT ALL ON SCHEMA "S 1" TO {6} WITH GRANT OPTION;
        GRANT ALL ON ALL TABLES IN SCHEMA "S 1" TO {6} WITH GRANT OPTION;
        GRANT ALL ON ALL SEQUENCES IN SCHEMA "S 1" TO {6} WITH GRANT OPTION;
        GRANT ALL ON ALL ROUTINES IN SCHEMA "S 1" TO {6} WITH GRANT OPTION;
        GRANT ALL ON TYPE "S 1".e, "S 1"."D" TO {6} WITH GRANT OPTION;
        GRANT ALL ON LARGE OBJECT 4711 TO {6} WITH GRANT OPTION;
        RESET ROLE;
        """";

    /// <summary>Takes away what a case made.</summary>
    public const string Leftovers =
        """
        DROP POLICY IF EXISTS "P 1" ON "S 1".t2;
        DROP SCHEMA IF EXISTS {5} CASCADE;
        DROP SCHEMA IF EXISTS {0} CASCADE;
        SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE oid = 4712;
        """;

    private static readonly (string Object, string[] Privileges)[] Objects =
    [
        ("DATABASE {4}", ["CREATE", "CONNECT", "TEMPORARY"]),
        ("SCHEMA \"S 1\"", ["USAGE", "CREATE"]),
        ("TABLE \"S 1\".\"T \"\"1\"\"\"", ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]),
        ("TABLE \"S 1\".t2", ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]),
        ("TABLE \"S 1\".\"T \"\"1\"\"\", \"S 1\".t2, \"S 1\".parted", ["SELECT", "INSERT", "DELETE"]),
        ("TABLE \"S 1\".far", ["SELECT", "UPDATE"]),
        ("TABLE \"S 1\".\"V\", \"S 1\".m", ["SELECT", "TRIGGER"]),
        ("SEQUENCE \"S 1\".q", ["USAGE", "SELECT", "UPDATE"]),
        ("FUNCTION \"S 1\".\"F\"(integer, text[])", ["EXECUTE"]),
        ("PROCEDURE \"S 1\".p(integer)", ["EXECUTE"]),
        ("FUNCTION \"S 1\".agg0()", ["EXECUTE"]),
        ("TYPE \"S 1\".e", ["USAGE"]),
        ("DOMAIN \"S 1\".\"D\"", ["USAGE"]),
        ("LANGUAGE plpgsql", ["USAGE"]),
        ("FOREIGN DATA WRAPPER \"F dw\"", ["USAGE"]),
        ("FOREIGN SERVER \"far's\"", ["USAGE"]),
        ("LARGE OBJECT 4711", ["SELECT", "UPDATE"]),
    ];

    private static readonly (string Objects, string[] Privileges)[] Defaults =
    [
        ("TABLES", ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]),
        ("SEQUENCES", ["USAGE", "SELECT", "UPDATE"]),
        ("FUNCTIONS", ["EXECUTE"]),
        ("TYPES", ["USAGE"]),
        ("SCHEMAS", ["USAGE", "CREATE"]),
    ];

    private static readonly string[] DefaultsTaken =
    [
        "REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC", "REVOKE USAGE ON TYPES FROM PUBLIC", "REVOKE TRIGGER, TRUNCATE ON TABLES FROM {0}", "GRANT SELECT ON TABLES TO {0} WITH GRANT OPTION",
    ];

    /// <summary>Objects of the login's own; where one has privileges of its own, its kind and name for GRANT, and one of them.</summary>
    private static readonly (string Sql, string? Grant, string? Privilege)[] Owned =
    [
        ("ALTER SCHEMA {5} OWNER TO {0}", "SCHEMA {5}", "CREATE"),
        ("CREATE TABLE {5}.\"t \"\"1\" (id serial PRIMARY KEY, i integer GENERATED ALWAYS AS IDENTITY, x text); ALTER TABLE {5}.\"t \"\"1\" OWNER TO {0}", "TABLE {5}.\"t \"\"1\"", "DELETE"),
        ("CREATE TABLE {5}.parted (a integer) PARTITION BY RANGE (a); CREATE TABLE {5}.part1 PARTITION OF {5}.parted FOR VALUES FROM (1) TO (2); ALTER TABLE {5}.parted OWNER TO {0}", "TABLE {5}.parted", "SELECT"),
        ("CREATE VIEW {5}.v AS SELECT 1 AS one; ALTER VIEW {5}.v OWNER TO {0}; CREATE MATERIALIZED VIEW {5}.m AS SELECT 1 AS one; ALTER MATERIALIZED VIEW {5}.m OWNER TO {0}", "TABLE {5}.v", "SELECT"),
        ("CREATE SEQUENCE {5}.q; ALTER SEQUENCE {5}.q OWNER TO {0}", "SEQUENCE {5}.q", "UPDATE"),
        ("CREATE FUNCTION {5}.f(integer, OUT a integer) LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; ALTER FUNCTION {5}.f OWNER TO {0}", "FUNCTION {5}.f(integer)", "EXECUTE"),
        ("CREATE AGGREGATE {5}.agg0(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0'); ALTER AGGREGATE {5}.agg0(*) OWNER TO {0}", "FUNCTION {5}.agg0()", "EXECUTE"),
        ("CREATE TYPE {5}.c AS (a integer); ALTER TYPE {5}.c OWNER TO {0}; CREATE TYPE {5}.r AS RANGE (SUBTYPE = float8); ALTER TYPE {5}.r OWNER TO {0}", "TYPE {5}.c", "USAGE"),
        ("CREATE DOMAIN {5}.d AS integer; ALTER DOMAIN {5}.d OWNER TO {0}", "DOMAIN {5}.d", "USAGE"),
        ("CREATE COLLATION {5}.coll FROM \"C\"; ALTER COLLATION {5}.coll OWNER TO {0}; CREATE TEXT SEARCH DICTIONARY {5}.dict (TEMPLATE = simple); ALTER TEXT SEARCH DICTIONARY {5}.dict OWNER TO {0}", null, null),
        ("SELECT lo_create(4712); ALTER LARGE OBJECT 4712 OWNER TO {0}", "LARGE OBJECT 4712", "SELECT"),
        ("CREATE SCHEMA {0}; CREATE TABLE {0}.t (a integer); ALTER TABLE {0}.t OWNER TO {0}", "TABLE {0}.t", "UPDATE (a)"),
    ];

    /// <summary>Rights in one database of a server of some version.</summary>
    public static Gen<string> In(int version) => Gen.Select(
        Grant(version).Array[0, 7],
        ColumnGrant.Array[0, 2],
        Default(version).Array[0, 4],
        Gen.Select(Gen.Bool, Gen.Int[0, 3]).Array[Owned.Length],
        Gen.OneOf("", "", "CREATE POLICY \"P 1\" ON \"S 1\".t2 TO {0} USING (a > 0)", "CREATE POLICY \"P 1\" ON \"S 1\".t2 AS RESTRICTIVE FOR SELECT TO {2}, {0} USING (true)"),
        Gen.Select(Gen.Bool, RandomText.Any, (mapped, text) => mapped ? $"CREATE USER MAPPING FOR {{0}} SERVER \"far's\" OPTIONS (\"user\" {PostgresServer.Literal(text)}, \"pass word\" 'x')" : ""),
        (grants, columns, defaults, owned, policy, mapping) => string.Join(
            ";\n",
            new[] { "CREATE SCHEMA {5}" }
                .Concat(Owned.Zip(owned).Where(pair => pair.Second.Item1).Select(pair => Own(pair.First, pair.Second.Item2)))
                .Concat(grants)
                .Concat(columns)
                .Concat(defaults)
                .Append(policy)
                .Append(mapping)
                .Where(sql => sql.Length > 0)));

    private static Gen<string> Grant(int version) => Gen.Select(
        Gen.OneOf(version >= 15 ? [.. Objects, ("PARAMETER {7}.\"P\"", ["SET"])] : Objects),
        Gen.Bool.Array[8],
        Gen.Bool,
        Gen.Bool,
        Gen.Int[0, 5],
        (what, chosen, option, byDeputy, passedOn) =>
        {
            var privileges = Some(version >= 17 && what.Privileges.Contains("DELETE") ? [.. what.Privileges, "MAINTAIN"] : what.Privileges, chosen);
            var isParameter = what.Object.StartsWith("PARAMETER", StringComparison.Ordinal);
            var grant = $"GRANT {string.Join(", ", privileges)} ON {what.Object} TO {{0}}{(option ? " WITH GRANT OPTION" : "")}";
            // A parameter has no deputy, and nobody passes it on again: a server thinks of memberships as sources of a right when it is revoked, so that such a grant
            // can outlive its source, and a parameter the databases.
            return (byDeputy && !isParameter ? As("{6}", grant) : grant) + (option ? PassOn(privileges[0], what.Object, isParameter ? Math.Min(passedOn, 3) : passedOn) : "");
        });

    private static readonly Gen<string> ColumnGrant = Gen.Select(
        Gen.OneOf("SELECT", "INSERT", "UPDATE", "REFERENCES"),
        Gen.Bool.Array[3],
        Gen.Bool,
        Gen.Int[0, 5],
        (privilege, chosen, option, passedOn) =>
        {
            var columns = $"{privilege} ({string.Join(", ", Some(["a", "\"B c\"", "d"], chosen))})";
            return $"GRANT {columns} ON \"S 1\".\"T \"\"1\"\"\" TO {{0}}{(option ? " WITH GRANT OPTION" : "")}{(option ? PassOn(columns, "TABLE \"S 1\".\"T \"\"1\"\"\"", passedOn) : "")}";
        });

    private static Gen<string> Default(int version) => Gen.OneOf(
        Gen.OneOf(DefaultsTaken).Select(taken => $"ALTER DEFAULT PRIVILEGES FOR ROLE {{0}} {taken}"),
        Gen.Select(
            Gen.OneOf(version >= 18 ? [.. Defaults, ("LARGE OBJECTS", ["SELECT", "UPDATE"])] : Defaults),
            Gen.Bool.Array[8],
            Gen.Bool,
            Gen.Bool,
            Gen.OneOf("{2}", "{1}", "PUBLIC", null),
            (what, chosen, inSchema, option, grantee) =>
            {
                // Null: the login gets it, and another one defines it.
                var schema = inSchema && what.Objects is not ("SCHEMAS" or "LARGE OBJECTS") ? " IN SCHEMA \"S 1\"" : "";
                var privileges = string.Join(", ", Some(what.Privileges, chosen));
                return $"ALTER DEFAULT PRIVILEGES FOR ROLE {(grantee is null ? "{3}" : "{0}")}{schema} GRANT {privileges} ON {what.Objects} TO {grantee ?? "{0}"}{(option && grantee != "PUBLIC" ? " WITH GRANT OPTION" : "")}";
            }));

    private static string Own((string Sql, string? Grant, string? Privilege) what, int acl) => (what.Grant is null ? 0 : acl) switch
    {
        1 => $"{what.Sql}; GRANT {what.Privilege} ON {what.Grant} TO {{2}}",
        2 => $"{what.Sql}; GRANT {what.Privilege} ON {what.Grant} TO {{1}} WITH GRANT OPTION",
        3 => $"{what.Sql}; REVOKE {what.Privilege} ON {what.Grant} FROM {{0}}",
        _ => what.Sql,
    };

    private static string PassOn(string privilege, string what, int to) => to switch
    {
        0 => "",
        1 => ";\n" + Needed(what) + As("{0}", $"GRANT {privilege} ON {what} TO {{2}}"),
        2 => ";\n" + Needed(what) + As("{0}", $"GRANT {privilege} ON {what} TO {{1}} WITH GRANT OPTION"),
        3 => ";\n" + Needed(what) + As("{0}", $"GRANT {privilege} ON {what} TO PUBLIC"),
        // And the receiver passes it on again.
        _ => ";\n" + Needed(what) + As("{0}", $"GRANT {privilege} ON {what} TO {{2}} WITH GRANT OPTION") + ";\n" + As("{2}", $"GRANT {privilege} ON {what} TO {{1}}"),
    };

    /// <summary>Who grants must find the object.</summary>
    private static string Needed(string what) => what.Contains("\"S 1\".", StringComparison.Ordinal) ? "GRANT USAGE ON SCHEMA \"S 1\" TO {0};\n" : "";

    private static string As(string role, string sql) => $"SET ROLE {role}; {sql}; RESET ROLE";

    private static List<string> Some(string[] all, bool[] chosen)
    {
        var some = all.Where((_, index) => chosen[index]).ToList();
        return some.Count > 0 ? some : [all[0]];
    }
}
