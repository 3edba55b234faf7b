using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>A login with everything that the room knows, and how much of each that is.</summary>
internal static class RichRights
{
    /// <summary>Tests that grant on what a server has once, a parameter and the database postgres, take turns on it: two GRANTs at once collide.</summary>
    public const string Collection = "Everything";

    /// <inheritdoc cref="Collection"/>
    public const string Collection18 = "Everything on 18";

    /// <summary>{0} login, {1} group, {2} other role, {3} owner, {4} database, {5} deputy, {6} member.</summary>
    private const string Everything =
        """"
        CREATE ROLE {1};
        CREATE ROLE {2};
        CREATE ROLE {3};
        CREATE ROLE {5};
        CREATE ROLE {6};
        CREATE ROLE {0} LOGIN CREATEDB CREATEROLE BYPASSRLS CONNECTION LIMIT 7 PASSWORD 'x' VALID UNTIL '2091-02-03 04:05:06+00';
        COMMENT ON ROLE {0} IS E'it''s \\ the "application"''s';
        ALTER ROLE {0} SET work_mem = '7MB';
        ALTER ROLE {0} SET "my.setting" = E'a, "b" \\ ''c''';
        ALTER ROLE {0} SET temp_tablespaces = '';
        ALTER ROLE {0} IN DATABASE {4} SET statement_timeout = '33s';
        ALTER ROLE {0} SET search_path = "S 1", "$user", public;
        GRANT {1} TO {0} WITH ADMIN OPTION;
        GRANT {2} TO {0};
        GRANT {0} TO {6};
        SET ROLE {0}; GRANT {1} TO {3}; RESET ROLE;
        GRANT CONNECT, TEMPORARY ON DATABASE {4} TO {0};
        GRANT CREATE ON DATABASE {4} TO {0};
        GRANT CONNECT ON DATABASE postgres TO {0};
        CREATE SCHEMA "S 1" AUTHORIZATION {3};
        GRANT USAGE ON SCHEMA "S 1" TO {0} WITH GRANT OPTION;
        GRANT USAGE ON SCHEMA "S 1" TO {2}, {5};
        SET ROLE {3};
        CREATE TABLE "S 1"."T ""1""" (a integer, "B c" integer, d integer);
        CREATE TABLE "S 1".t2 (a integer);
        CREATE TABLE "S 1".parted (a integer) PARTITION BY RANGE (a);
        CREATE VIEW "S 1".v AS SELECT 1 AS one;
        CREATE MATERIALIZED VIEW "S 1".m AS SELECT 1 AS one;
        CREATE SEQUENCE "S 1".q;
        CREATE FUNCTION "S 1".f(a integer, b text[], VARIADIC c "S 1".t2[]) RETURNS integer LANGUAGE sql AS 'SELECT 1';
        CREATE PROCEDURE "S 1".p(INOUT a integer) LANGUAGE sql AS 'SELECT 1';
        CREATE AGGREGATE "S 1".agg(integer) (SFUNC = int4pl, STYPE = integer);
        CREATE AGGREGATE "S 1".agg0(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
        CREATE TYPE "S 1".e AS ENUM ('x');
        CREATE DOMAIN "S 1".d AS integer;
        REVOKE ALL ON FUNCTION "S 1".f(integer, text[], "S 1".t2[]) FROM PUBLIC;
        GRANT SELECT, INSERT ON "S 1"."T ""1""", "S 1".t2, "S 1".parted, "S 1".v TO {0};
        GRANT DELETE ON "S 1"."T ""1""" TO {0} WITH GRANT OPTION;
        GRANT UPDATE ("B c", d) ON "S 1"."T ""1""" TO {0};
        GRANT REFERENCES (a) ON "S 1"."T ""1""" TO {0} WITH GRANT OPTION;
        GRANT SELECT ON "S 1".m TO {0};
        GRANT USAGE ON SEQUENCE "S 1".q TO {0} WITH GRANT OPTION;
        GRANT EXECUTE ON FUNCTION "S 1".f(integer, text[], "S 1".t2[]) TO {0};
        GRANT EXECUTE ON PROCEDURE "S 1".p(integer) TO {0} WITH GRANT OPTION;
        GRANT EXECUTE ON FUNCTION "S 1".agg(integer) TO {0};
        GRANT EXECUTE ON FUNCTION "S 1".agg0() TO {0};
        GRANT USAGE ON TYPE "S 1".e TO {0};
        GRANT USAGE ON DOMAIN "S 1".d TO {0};
        GRANT TRUNCATE ON "S 1".t2 TO {5} WITH GRANT OPTION;
        RESET ROLE;
        SET ROLE {5}; GRANT TRUNCATE ON "S 1".t2 TO {0} WITH GRANT OPTION; RESET ROLE;
        SET ROLE {0};
        GRANT TRUNCATE ON "S 1".t2 TO {2};
        GRANT DELETE ON "S 1"."T ""1""" TO {2} WITH GRANT OPTION;
        GRANT REFERENCES (a) ON "S 1"."T ""1""" TO PUBLIC;
        GRANT USAGE ON SEQUENCE "S 1".q TO {2};
        GRANT EXECUTE ON PROCEDURE "S 1".p(integer) TO {2};
        RESET ROLE;
        SET ROLE {2}; GRANT DELETE ON "S 1"."T ""1""" TO {6}; RESET ROLE;
        ALTER DEFAULT PRIVILEGES FOR ROLE {3} IN SCHEMA "S 1" GRANT SELECT, INSERT ON TABLES TO {0} WITH GRANT OPTION;
        ALTER DEFAULT PRIVILEGES FOR ROLE {3} GRANT USAGE ON SEQUENCES TO {0};
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT SELECT ON TABLES TO {2};
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} REVOKE TRIGGER ON TABLES FROM {0};
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT SELECT ON TABLES TO {0} WITH GRANT OPTION;
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} IN SCHEMA "S 1" GRANT USAGE ON TYPES TO {2} WITH GRANT OPTION;
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT USAGE ON SCHEMAS TO {2};
        SET ROLE {0};
        CREATE SCHEMA own;
        CREATE TABLE own.t (id serial PRIMARY KEY, i integer GENERATED ALWAYS AS IDENTITY, x text);
        CREATE INDEX ON own.t (x);
        CREATE TABLE own.parted (a integer) PARTITION BY RANGE (a);
        CREATE TABLE own.part1 PARTITION OF own.parted FOR VALUES FROM (1) TO (2);
        GRANT SELECT ON own.t TO {2} WITH GRANT OPTION;
        GRANT UPDATE (x) ON own.t TO {5};
        REVOKE DELETE ON own.t FROM {0};
        CREATE VIEW own.v AS SELECT * FROM own.t;
        CREATE MATERIALIZED VIEW own.m AS SELECT * FROM own.t;
        CREATE SEQUENCE own.q;
        CREATE FUNCTION own.f(integer, OUT a integer, OUT b text) LANGUAGE sql SECURITY DEFINER AS $$SELECT 1, 'x'$$;
        CREATE PROCEDURE own.p(INOUT a integer) LANGUAGE sql AS 'SELECT 1';
        CREATE AGGREGATE own.agg(integer) (SFUNC = int4pl, STYPE = integer);
        CREATE AGGREGATE own.agg0(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
        CREATE TYPE own.e AS ENUM ('x');
        CREATE TYPE own.c AS (a integer);
        CREATE TYPE own.r AS RANGE (SUBTYPE = float8);
        CREATE DOMAIN own.d AS integer CHECK (VALUE > 0);
        CREATE COLLATION own.coll FROM "C";
        CREATE CONVERSION own.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
        CREATE FUNCTION own.eq(own.c, own.c) RETURNS boolean LANGUAGE sql AS 'SELECT true';
        CREATE OPERATOR own.=== (LEFTARG = own.c, RIGHTARG = own.c, FUNCTION = own.eq);
        CREATE TEXT SEARCH DICTIONARY own.dict (TEMPLATE = simple);
        CREATE TEXT SEARCH CONFIGURATION own.conf (PARSER = "default");
        CREATE STATISTICS own.stat ON id, x FROM own.t;
        RESET ROLE;
        CREATE OPERATOR FAMILY own.fam USING btree;
        ALTER OPERATOR FAMILY own.fam USING btree OWNER TO {0};
        CREATE OPERATOR CLASS own.cls FOR TYPE own.e USING btree FAMILY own.fam AS STORAGE own.e;
        ALTER OPERATOR CLASS own.cls USING btree OWNER TO {0};
        CREATE FOREIGN DATA WRAPPER nowhere;
        CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
        CREATE FOREIGN TABLE own.far (a integer) SERVER far;
        ALTER FOREIGN TABLE own.far OWNER TO {0};
        CREATE FOREIGN TABLE "S 1".far (a integer) SERVER far;
        GRANT SELECT ON "S 1".far TO {0};
        ALTER DATABASE {4} OWNER TO {0};

        """" + RareRights.Sql;

    /// <summary>Memberships with options, and the one that a creator gets; {7} is made by the login.</summary>
    private const string Since16 =
        """
        GRANT {2} TO {0} WITH INHERIT FALSE;
        GRANT {0} TO {6} WITH INHERIT TRUE, SET FALSE;
        GRANT {1} TO {5} WITH ADMIN OPTION, SET FALSE;
        GRANT {1} TO {0} WITH INHERIT FALSE, SET FALSE GRANTED BY {5};
        GRANT {3} TO {0} WITH ADMIN OPTION, INHERIT FALSE, SET FALSE;
        SET ROLE {0};
        CREATE ROLE {7};
        GRANT {7} TO {2} WITH INHERIT FALSE;
        GRANT {3} TO {6} WITH SET FALSE;
        RESET ROLE;
        """;

    private const string Since17 =
        """
        GRANT pg_maintain TO {0} WITH INHERIT FALSE;
        SET ROLE {3};
        GRANT MAINTAIN ON "S 1".t2 TO {0} WITH GRANT OPTION;
        GRANT MAINTAIN ON "S 1".m TO {0};
        RESET ROLE;
        SET ROLE {0}; GRANT MAINTAIN ON "S 1".t2 TO {2}; GRANT MAINTAIN ON own.t TO {2}; RESET ROLE;
        ALTER DEFAULT PRIVILEGES FOR ROLE {3} GRANT MAINTAIN ON TABLES TO {0};
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} REVOKE MAINTAIN ON TABLES FROM {0};
        """;

    private const string Since18 =
        """
        ALTER DEFAULT PRIVILEGES FOR ROLE {3} GRANT SELECT, UPDATE ON LARGE OBJECTS TO {0};
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT SELECT ON LARGE OBJECTS TO {2} WITH GRANT OPTION;
        """;

    /// <summary>Less, in another database; the same names, {4} is that database.</summary>
    private const string Elsewhere =
        """
        ALTER ROLE {0} IN DATABASE {4} SET search_path = "S 2", "$user";
        ALTER ROLE {0} IN DATABASE {4} SET lock_timeout = '22s';
        GRANT CREATE ON DATABASE {4} TO {0} WITH GRANT OPTION;
        SET ROLE {0}; GRANT CREATE ON DATABASE {4} TO {2}; RESET ROLE;
        CREATE SCHEMA "S 2" AUTHORIZATION {3};
        GRANT USAGE ON SCHEMA "S 2" TO {0};
        SET ROLE {3};
        CREATE TABLE "S 2"."T 2" (a integer, "B c" integer);
        ALTER TABLE "S 2"."T 2" ENABLE ROW LEVEL SECURITY;
        CREATE SEQUENCE "S 2".q;
        CREATE FUNCTION "S 2".f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
        GRANT SELECT, INSERT ON "S 2"."T 2" TO {0} WITH GRANT OPTION;
        GRANT UPDATE ("B c") ON "S 2"."T 2" TO {0};
        GRANT USAGE ON SEQUENCE "S 2".q TO {0};
        GRANT EXECUTE ON FUNCTION "S 2".f() TO {0};
        RESET ROLE;
        SET ROLE {0};
        GRANT INSERT ON "S 2"."T 2" TO {2} WITH GRANT OPTION;
        CREATE SCHEMA own;
        CREATE TABLE own.t (id bigserial PRIMARY KEY, x text);
        CREATE VIEW own.v AS SELECT * FROM own.t;
        CREATE FUNCTION own.f() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
        GRANT SELECT ON own.t TO {2};
        RESET ROLE;
        ALTER DEFAULT PRIVILEGES FOR ROLE {3} IN SCHEMA "S 2" GRANT SELECT ON TABLES TO {0};
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT SELECT ON TABLES TO {2};
        CREATE POLICY "P 2" ON "S 2"."T 2" TO {0} USING (a > 0);
        CREATE FOREIGN DATA WRAPPER nowhere;
        CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
        CREATE USER MAPPING FOR {0} SERVER far OPTIONS ("user" 'u');
        SELECT lo_create(4714);
        ALTER LARGE OBJECT 4714 OWNER TO {0};
        """;

    /// <summary>Facts of a kind in the room's database, at least.</summary>
    public static (string Kind, int AtLeast)[] Counts(int version) =>
    [
        (FactKinds.Attribute, 8),
        (FactKinds.Comment, 1),
        (FactKinds.Setting, 5),
        (FactKinds.SearchPath, 1),
        (FactKinds.MemberOf, version >= 17 ? 6 : version >= 16 ? 5 : 2),
        (FactKinds.HasMember, 1),
        (FactKinds.Privilege, (version >= 17 ? 26 : 24) + RareRights.Privileges(version)),
        (FactKinds.GrantedPrivilege, (version >= 17 ? 6 : 5) + RareRights.GrantedPrivileges(version)),
        (FactKinds.GrantedMembership, version >= 16 ? 3 : 1),
        (FactKinds.DefaultPrivilege, version >= 18 ? 12 : version >= 17 ? 10 : 9),
        // From 14, which brings multiranges, until 17 one has an owner beside its range's.
        (FactKinds.Owner, (version is >= 14 and < 17 ? 29 : 28) + RareRights.Owned),
        (FactKinds.UserMapping, 2),
        (FactKinds.Policy, 2),
    ];

    /// <summary>Facts of a kind in the other one, at least.</summary>
    public static (string Kind, int AtLeast)[] CountsElsewhere { get; } =
    [
        (FactKinds.Setting, 1),
        (FactKinds.SearchPath, 1),
        (FactKinds.Privilege, 6),
        (FactKinds.GrantedPrivilege, 1),
        (FactKinds.DefaultPrivilege, 2),
        (FactKinds.Owner, 6),
        (FactKinds.UserMapping, 1),
        (FactKinds.Policy, 1),
    ];

    /// <summary>Lines of the dumps of both that name the login, at least.</summary>
    public static (DumpKind Kind, int AtLeast)[] DumpCounts { get; } =
    [
        (DumpKind.Role, 1),
        (DumpKind.Attribute, 10),
        (DumpKind.Setting, 7),
        (DumpKind.Membership, 4),
        (DumpKind.Grant, 45),
        (DumpKind.DefaultPrivilege, 10),
        (DumpKind.Owner, 35),
        (DumpKind.Policy, 3),
        (DumpKind.UserMapping, 3),
        (DumpKind.Comment, 1),
    ];

    /// <summary>The roles around the login: group, other, owner, deputy, member, and one that the login makes.</summary>
    public static string[] NewNames(Room room) =>
        [room.NewName("group"), room.NewName("other's"), room.NewName("Owner \""), room.NewName("deputy"), room.NewName("member"), room.NewName("made")];

    public static async Task GiveAsync(Room room, string login, string[] others, TestDatabase? elsewhere = null)
    {
        var statements = string.Concat(
            from part in new (int Since, string Sql)[] { (0, Everything), (15, RareRights.Since15), (16, Since16), (17, Since17), (18, Since18) }
            where room.Server.Version.Major >= part.Since
            select part.Sql);
        await room.ExecuteAsync(statements, [login, .. others[..3], room.Database, .. others[3..]]);
        if (elsewhere is not null)
            await elsewhere.ExecuteAsync(Room.Named(Elsewhere, [login, .. others[..3], elsewhere.Name]));
    }
}
