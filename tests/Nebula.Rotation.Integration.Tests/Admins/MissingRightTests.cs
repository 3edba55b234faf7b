using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.Admins;

/// <summary>
/// What an admin lacks is found before anything is touched, and named as the statements that a superuser runs: once they have been run, word for word, the rotation succeeds and
/// nothing is lost.
/// </summary>
public abstract class MissingRightTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : MissingRightTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : MissingRightTests(postgres);

    /// <summary>Stands for options that memberships have from 16 on.</summary>
    private const string Inherit = " WITH INHERIT TRUE, SET FALSE";

    private const string Place = " /* in database {3} */";

    /// <summary>What is missing, what makes the login need it, and the statements before 16 and since; {0} login, {1} admin, {2} owner, {3} database, {4} third role; with ! as they are.</summary>
    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["nothing"] = new("", [], []),
        ["CREATEROLE"] = new("", ["ALTER ROLE {1} CREATEROLE"], ["ALTER ROLE {1} CREATEROLE", "GRANT {0} TO {1} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"]) { Attributes = "", MadeByAdmin = false },
        ["the login's ADMIN OPTION"] = new("", [], ["GRANT {0} TO {1} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"]) { MadeByAdmin = false },
        ["inheriting"] = new("", ["ALTER ROLE {1} INHERIT"], []) { Attributes = "CREATEROLE NOINHERIT" },
        ["a group's ADMIN OPTION"] = new("GRANT {4} TO {0} WITH ADMIN OPTION", [], ["GRANT {4} TO {1} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"]),
        ["BYPASSRLS"] = new("ALTER ROLE {0} BYPASSRLS", ["ALTER ROLE {1} SUPERUSER"], ["ALTER ROLE {1} BYPASSRLS"]),
        ["REPLICATION and CREATEDB"] = new("ALTER ROLE {0} REPLICATION CREATEDB", ["ALTER ROLE {1} SUPERUSER"], ["ALTER ROLE {1} CREATEDB REPLICATION"]),
        ["to be a superuser"] = new("ALTER ROLE {0} SUPERUSER", ["ALTER ROLE {1} SUPERUSER"], ["ALTER ROLE {1} SUPERUSER"]),
        ["an owner's privileges, for its table"] = new(
            "CREATE TABLE public.t (a integer, b integer); ALTER TABLE public.t OWNER TO {2}; GRANT SELECT, UPDATE (b) ON public.t TO {0}",
            ["GRANT {2} TO {1}"],
            ["GRANT {2} TO {1}" + Inherit]),
        ["grant options on a superuser's objects"] = new(
            """
            CREATE TABLE public.t (a integer); GRANT SELECT, INSERT ON public.t TO {0}; CREATE SEQUENCE public.q; GRANT USAGE ON SEQUENCE public.q TO {0} WITH GRANT OPTION;
            GRANT TEMPORARY ON DATABASE {3} TO {0}
            """,
            ["GRANT INSERT, SELECT ON TABLE public.t TO {1} WITH GRANT OPTION" + Place, "GRANT USAGE ON SEQUENCE public.q TO {1} WITH GRANT OPTION" + Place, "GRANT TEMPORARY ON DATABASE {3!} TO {1} WITH GRANT OPTION"]),
        ["to be another grantor"] = new(
            """
            CREATE TABLE public.t (a integer); GRANT SELECT ON public.t TO {4} WITH GRANT OPTION; SET ROLE {4}; GRANT SELECT ON public.t TO {0}; RESET ROLE
            """,
            ["GRANT {4} TO {1}"],
            ["GRANT {4} TO {1} WITH INHERIT FALSE, SET TRUE"]),
        ["CREATE for the new owner, in a superuser's schema"] = new(
            "CREATE SCHEMA s; CREATE TABLE s.t (a serial); ALTER TABLE s.t OWNER TO {0}; GRANT USAGE ON SCHEMA s TO {0}",
            ["GRANT USAGE ON SCHEMA s TO {1} WITH GRANT OPTION" + Place, "GRANT CREATE ON SCHEMA s TO {1} WITH GRANT OPTION" + Place]),
        ["CREATE for the new owner, in another's schema"] = new(
            "CREATE SCHEMA s AUTHORIZATION {2}; CREATE FUNCTION s.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION s.f() OWNER TO {0}",
            ["GRANT {2} TO {1}"],
            ["GRANT {2} TO {1}" + Inherit]),
        ["CREATE on the database, for a schema that the login owns"] = new("CREATE SCHEMA s AUTHORIZATION {0}", ["GRANT CREATE ON DATABASE {3} TO {1}"]),
        ["CREATE on the database, for a publication"] = new(
            "CREATE PUBLICATION {5}; ALTER PUBLICATION {5} OWNER TO {0}", ["GRANT CREATE ON DATABASE {3!} TO {1} WITH GRANT OPTION" + Place]),
        ["to own a publication of all tables, which only a superuser may"] = new(
            "GRANT CREATE ON DATABASE {3} TO {0}; GRANT CREATE ON DATABASE {3} TO {1} WITH GRANT OPTION; CREATE PUBLICATION {5} FOR ALL TABLES; ALTER PUBLICATION {5} OWNER TO {0}",
            ["ALTER PUBLICATION {5!} OWNER TO \"postgres\"" + Place]),
        ["CREATEDB, for a database that the login owns"] = new("ALTER DATABASE {3} OWNER TO {0}", ["ALTER ROLE {1} CREATEDB"]),
        ["USAGE on a wrapper, for a server that the login owns"] = new(
            "CREATE FOREIGN DATA WRAPPER {5}; CREATE SERVER {6} FOREIGN DATA WRAPPER {5}; ALTER SERVER {6} OWNER TO {0}",
            ["GRANT USAGE ON FOREIGN DATA WRAPPER {5!} TO {1} WITH GRANT OPTION" + Place]),
        ["to set what superusers set"] = new(
            "ALTER ROLE {0} SET log_min_duration_statement = 77; ALTER ROLE {0} SET work_mem = '5MB'; ALTER ROLE {0} SET app.tenant = 'x'",
            ["GRANT SET ON PARAMETER \"app\".\"tenant\" TO {1}", "GRANT SET ON PARAMETER \"log_min_duration_statement\" TO {1}"]),
        ["to pass a parameter on"] = new("GRANT SET ON PARAMETER log_duration TO {0}", ["GRANT SET ON PARAMETER \"log_duration\" TO {1} WITH GRANT OPTION"]),
        ["another's default privileges"] = new(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {2} GRANT SELECT ON TABLES TO {0}", ["GRANT {2} TO {1}"], ["GRANT {2} TO {1}" + Inherit]),
        ["a policy on another's table"] = new(
            "CREATE TABLE public.t (a integer); ALTER TABLE public.t OWNER TO {2}; CREATE POLICY p ON public.t TO {0} USING (true)", ["GRANT {2} TO {1}"], ["GRANT {2} TO {1}" + Inherit]),
        ["a user mapping's password"] = new(
            """
            CREATE FOREIGN DATA WRAPPER {5}; CREATE SERVER {6} FOREIGN DATA WRAPPER {5}; ALTER SERVER {6} OWNER TO {2};
            CREATE USER MAPPING FOR {0} SERVER {6} OPTIONS (password 'canary')
            """,
            ["GRANT {2} TO {1}", "GRANT SELECT ON pg_catalog.pg_user_mapping TO {1}" + Place],
            ["GRANT {2} TO {1}" + Inherit, "GRANT SELECT ON pg_catalog.pg_user_mapping TO {1}" + Place]),
        ["several rights on one role"] = new(
            "GRANT {2} TO {0}; CREATE TABLE public.t (a integer); ALTER TABLE public.t OWNER TO {2}; ALTER DEFAULT PRIVILEGES FOR ROLE {2} GRANT SELECT ON TABLES TO {0}",
            [],
            ["GRANT {2} TO {1} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"]),
        ["its own search_path out of the way"] = new(
            "ALTER ROLE {1} SET search_path = elsewhere", ["ALTER ROLE {1} IN DATABASE {3} RESET search_path", "ALTER ROLE {1} RESET search_path"]),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_missing_right_is_named_as_the_statement_that_mends_it(string missing)
    {
        var (sql, until15, since16) = Cases[missing];
        await using var admin = await AdminScene.CreateAsync(postgres, sql, Cases[missing].Attributes, Cases[missing].MadeByAdmin);
        var scene = admin.Scene;
        var expected = (admin.Version >= 16 ? since16 : until15).Select(statement => AdminScene.Named(statement, admin.Names)).Order(StringComparer.Ordinal).ToList();

        Assert.Equal(expected, (await admin.MissingAsync()).Order(StringComparer.Ordinal));

        if (expected.Count > 0)
            await scene.Database.ExecuteAsync(string.Join(";\n", expected));
        var before = await admin.ReadAsync(scene.OldLogin);
        var record = await scene.RotateAsync();
        Assert.Equal(RotationState.Completed, record.State);
        AdminTests.AssertSame(before, await admin.ReadAsync(record.NewUsername));
        await using var connection = await scene.ConnectAsync(await scene.LiveAsync());
    }

    [Fact]
    public async Task A_rotation_without_them_ends_in_an_error_with_every_statement_before_anything_is_touched()
    {
        var (sql, until15, since16) = Cases["grant options on a superuser's objects"];
        await using var admin = await AdminScene.CreateAsync(postgres, sql);
        var scene = admin.Scene;
        var before = await admin.ReadAsync(scene.OldLogin);

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());

        Assert.Equal(RotationErrorCode.AdminPrivilegeMissing, exception.Code);
        Assert.All(admin.Version >= 16 ? since16 : until15, statement => Assert.Contains(AdminScene.Named(statement, admin.Names), exception.Message, StringComparison.Ordinal));
        Assert.Contains($"'{scene.OldLogin}' is live", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(await scene.Store.ListRotationsAsync(new(), Scene.Ct));
        AdminTests.AssertSame(before, await admin.ReadAsync(scene.OldLogin));
    }

    private sealed record Case(string Sql, string[] Until15, string[] Since16)
    {
        public Case(string sql, string[] always)
            : this(sql, always, always)
        {
        }

        public string Attributes { get; init; } = "CREATEROLE";

        public bool MadeByAdmin { get; init; } = true;
    }
}
