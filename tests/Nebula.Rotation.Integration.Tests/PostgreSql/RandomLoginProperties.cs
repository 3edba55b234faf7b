using CsCheck;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>
/// Logins with random attributes, settings, memberships, grants, default privileges and ownership, under nasty names, are rotated: what our reader
/// finds before and after is the same, and so is, now and then, what the dump programs find.
/// </summary>
public abstract class RandomLoginProperties(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : RandomLoginProperties(postgres);

    public sealed class On18(SharedPostgres18 postgres) : RandomLoginProperties(postgres);

    private const int Cases = 30;
    private const int AskTheOracleEvery = 10;

    /// <summary>What every case shares. {0} group, {1} other role, {2} owner.</summary>
    private const string Surroundings =
        """"
        CREATE ROLE {0};
        CREATE ROLE {1};
        CREATE ROLE {2};
        CREATE SCHEMA "S 1" AUTHORIZATION {2};
        GRANT USAGE ON SCHEMA "S 1" TO {1};
        SET ROLE {2};
        CREATE TABLE "S 1"."T ""1""" (a integer, "B c" integer, d integer);
        CREATE TABLE "S 1".t2 (a integer);
        CREATE VIEW "S 1".v AS SELECT 1 AS one;
        CREATE SEQUENCE "S 1".q;
        CREATE FUNCTION "S 1".f(a integer, b text[]) RETURNS integer LANGUAGE sql AS 'SELECT 1';
        CREATE PROCEDURE "S 1".p(INOUT a integer) LANGUAGE sql AS 'SELECT 1';
        CREATE TYPE "S 1".e AS ENUM ('x');
        REVOKE ALL ON FUNCTION "S 1".f(integer, text[]) FROM PUBLIC;
        GRANT TRUNCATE ON "S 1".t2 TO {1} WITH GRANT OPTION;
        RESET ROLE;
        """";

    /// <summary>Each is made or not. {0} login, {1} group, {2} other role, {3} owner, {4} database, {5} a name for a schema.</summary>
    private static readonly string[] Rights =
    [
        "ALTER ROLE {0} CREATEDB",
        "ALTER ROLE {0} CREATEROLE",
        "ALTER ROLE {0} BYPASSRLS",
        "ALTER ROLE {0} REPLICATION",
        "ALTER ROLE {0} CONNECTION LIMIT 17",
        "ALTER ROLE {0} VALID UNTIL '2091-02-03 04:05:06+00'",
        "COMMENT ON ROLE {0} IS E'it''s \\\\ \"it\"'",
        "ALTER ROLE {0} SET work_mem = '7MB'",
        "ALTER ROLE {0} SET search_path = \"S 1\", \"$user\", public",
        "ALTER ROLE {0} IN DATABASE {4} SET statement_timeout = '33s'",
        "ALTER ROLE {0} SET \"my.setting\" = E'a, \"b\" \\\\ ''c'''",
        "GRANT {1} TO {0}",
        "GRANT {1} TO {0} WITH ADMIN OPTION",
        "GRANT {0} TO {2}",
        "GRANT CONNECT, TEMPORARY ON DATABASE {4} TO {0}",
        "GRANT CREATE ON DATABASE {4} TO {0} WITH GRANT OPTION",
        "GRANT USAGE ON SCHEMA \"S 1\" TO {0} WITH GRANT OPTION",
        "GRANT CREATE ON SCHEMA \"S 1\" TO {0}",
        "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA \"S 1\" TO {0}",
        "GRANT USAGE ON SCHEMA \"S 1\" TO {0}; GRANT DELETE ON \"S 1\".\"T \"\"1\"\"\" TO {0} WITH GRANT OPTION; SET ROLE {0}; GRANT DELETE ON \"S 1\".\"T \"\"1\"\"\" TO {2}; RESET ROLE",
        "GRANT UPDATE (\"B c\", d) ON \"S 1\".\"T \"\"1\"\"\" TO {0}",
        "GRANT REFERENCES (a) ON \"S 1\".\"T \"\"1\"\"\" TO {0} WITH GRANT OPTION",
        "GRANT USAGE, SELECT ON SEQUENCE \"S 1\".q TO {0}",
        "GRANT EXECUTE ON FUNCTION \"S 1\".f(integer, text[]) TO {0} WITH GRANT OPTION",
        "GRANT EXECUTE ON PROCEDURE \"S 1\".p(integer) TO {0}",
        "GRANT USAGE ON TYPE \"S 1\".e TO {0}",
        "SET ROLE {2}; GRANT TRUNCATE ON \"S 1\".t2 TO {0}; RESET ROLE",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {3} IN SCHEMA \"S 1\" GRANT SELECT, INSERT ON TABLES TO {0} WITH GRANT OPTION",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {3} GRANT USAGE ON SEQUENCES TO {0}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT SELECT ON TABLES TO {2}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {0} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {0} IN SCHEMA \"S 1\" GRANT USAGE ON TYPES TO {2} WITH GRANT OPTION",
        "CREATE SCHEMA {5} AUTHORIZATION {0}; CREATE TABLE {5}.t (id serial PRIMARY KEY, x text); ALTER TABLE {5}.t OWNER TO {0}",
        "CREATE SCHEMA IF NOT EXISTS {5}; CREATE TABLE {5}.t3 (a integer); ALTER TABLE {5}.t3 OWNER TO {0}; GRANT UPDATE (a) ON {5}.t3 TO {2}; REVOKE DELETE ON {5}.t3 FROM {0}",
        "CREATE SCHEMA IF NOT EXISTS {5}; CREATE FUNCTION {5}.f(integer, OUT a integer) LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; ALTER FUNCTION {5}.f OWNER TO {0}",
        "CREATE SCHEMA IF NOT EXISTS {5}; CREATE TYPE {5}.c AS (a integer); ALTER TYPE {5}.c OWNER TO {0}; CREATE SEQUENCE {5}.q; ALTER SEQUENCE {5}.q OWNER TO {0}",
    ];

    private static readonly Gen<string> Name = Gen.OneOf(
        Gen.Const("app"),
        Gen.Const("UPPER lower"),
        Gen.Const("it's \"quoted\""),
        Gen.Const("se;mi -- $1 @x"),
        Gen.Const("ünï ☃ \\ %s"),
        Gen.Const("select"),
        Gen.Const(new string('n', 54)));

    private static readonly Gen<(string Old, string New, bool[] Chosen)> Login =
        Gen.Select(Name, Name, Gen.Bool.Array[Rights.Length], (old, @new, chosen) => (old, @new, chosen));

    [Fact]
    public async Task A_random_login_has_the_same_facts_before_and_after()
    {
        await using var room = await Room.OpenAsync(postgres, "random \"db'");
        var others = new[] { room.NewName("group"), room.NewName("other's"), room.NewName("Owner \"") };
        await room.ExecuteAsync(Surroundings, others);
        var number = 0;
        Dictionary<string, int> kinds = [];
        await Login.SampleAsync(
            async login =>
            {
                var (old, @new, schema) = (room.NewName(login.Old), room.NewName(login.New), room.NewName("sch\"ema"));
                await room.ExecuteAsync("CREATE ROLE {0} LOGIN PASSWORD 'x'", old);
                foreach (var right in Rights.Where((_, index) => login.Chosen[index]))
                    await room.ExecuteAsync(right, old, others[0], others[1], others[2], room.Database, schema);
                var before = await room.ReadAsync(old);
                Assert.Empty(before.Blockers);
                foreach (var fact in before.Facts)
                    kinds[fact.Kind] = kinds.GetValueOrDefault(fact.Kind) + 1;
                var dump = number++ % AskTheOracleEvery == 0 ? await DumpOracle.ReadAsync(room.Server, DumpRequest.Of(old, [room.Database], others), Room.Ct) : null;

                await room.CloneAsync(old, @new);
                await room.RetireAsync(old, @new);

                var after = await room.ReadAsync(@new);
                Assert.Equal(before.Facts.ToHashSet(), after.Facts.ToHashSet());
                if (dump is not null)
                {
                    var diff = DumpOracle.Diff(dump, await DumpOracle.ReadAsync(room.Server, DumpRequest.Of(@new, [room.Database], others), Room.Ct));
                    Assert.True(diff.IsEmpty, diff.ToString());
                }

                // DROP OWNED leaves what another grantor gave.
                await room.ExecuteAsync(
                    "SET ROLE {2}; REVOKE TRUNCATE ON \"S 1\".t2 FROM {0}; RESET ROLE; DROP OWNED BY {0} CASCADE; DROP ROLE {0}; DROP SCHEMA IF EXISTS {1} CASCADE",
                    @new,
                    schema,
                    others[1]);
            },
            iter: Cases,
            threads: 1);

        // An empty reader would find everything equal.
        foreach (var kind in new[] { FactKinds.Attribute, FactKinds.Comment, FactKinds.Setting, FactKinds.MemberOf, FactKinds.HasMember, FactKinds.Privilege, FactKinds.GrantedPrivilege, FactKinds.DefaultPrivilege, FactKinds.Owner })
            Assert.True(kinds.GetValueOrDefault(kind) > Cases / 4, $"{kind}: {kinds.GetValueOrDefault(kind)}");
    }
}
