namespace Nebula.Rotation.Integration.Tests.Oracles;

/// <summary>The oracle's reading of dumps as text, without a server.</summary>
public sealed class DumpTextTests
{
    [Fact]
    public void Statements_end_where_psql_ends_them()
    {
        const string dump = """
            \restrict RkRkRk
            -- a comment; with a semicolon
            CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $_$ SELECT 'a;b'; SELECT $1 $_$;
            /* a /* nested; */ one; */ CREATE TABLE "a;b
            c" (x text DEFAULT 'it''s; so');
            CREATE FUNCTION g() RETURNS integer LANGUAGE sql
                BEGIN ATOMIC
             SELECT CASE WHEN true THEN 1 ELSE 2 END AS one;
             SELECT 2;
            END;
            CREATE RULE r AS ON INSERT TO t DO ( DELETE FROM u; DELETE FROM v; );
            COMMENT ON TABLE t IS E'back\\slash\';';
            \unrestrict RkRkRk
            """;

        var statements = SqlReader.Statements(dump).Select(tokens => string.Join(' ', tokens.Take(3).Select(token => token.Source))).ToList();

        Assert.Equal(["CREATE FUNCTION f", "CREATE TABLE \"a;b\nc\"", "CREATE FUNCTION g", "CREATE RULE r", "COMMENT ON TABLE"], statements);
    }

    [Theory]
    [InlineData("CREATE TABLE t (")]
    [InlineData("CREATE TABLE \"t")]
    [InlineData("SELECT 'x")]
    [InlineData("SELECT $$x")]
    [InlineData("/* SELECT")]
    [InlineData("COPY public.t (a) FROM stdin;")]
    public void A_dump_that_is_cut_short_or_holds_data_is_refused(string dump) =>
        Assert.Throws<FormatException>(() => DumpCanonicalizer.Lines("db", dump, "app"));

    [Fact]
    public void The_login_is_replaced_where_it_stands_as_a_role_and_nowhere_else()
    {
        const string dump = """
            CREATE SCHEMA app;
            ALTER SCHEMA app OWNER TO app;
            CREATE TABLE app.app (app text DEFAULT 'app');
            GRANT SELECT(app),UPDATE(app) ON TABLE app.app TO app WITH GRANT OPTION;
            GRANT ALL ON SCHEMA app TO "App";
            ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA app GRANT SELECT,USAGE ON SEQUENCES TO app;
            CREATE POLICY app ON app.app FOR SELECT TO zoe, app, anna USING ((app = 'app'::text));
            CREATE USER MAPPING FOR app SERVER app OPTIONS ("user" 'app');
            ALTER ROLE app IN DATABASE app SET search_path TO 'app', 'public';
            ALTER ROLE other SET role TO 'app';
            COMMENT ON ROLE app IS 'app';
            GRANT app TO other GRANTED BY app;
            SET SESSION AUTHORIZATION app;
            GRANT USAGE ON TYPE app.app TO PUBLIC;
            RESET SESSION AUTHORIZATION;
            GRANT USAGE ON TYPE app.app TO other;
            """;

        Assert.Equal(
            [
                "[db] Definition: CREATE SCHEMA app",
                "[db] Owner: ALTER SCHEMA app OWNER TO <login>",
                "[db] Definition: CREATE TABLE app.app (app text DEFAULT 'app')",
                "[db] Grant: GRANT SELECT(app) ON TABLE app.app TO <login> WITH GRANT OPTION",
                "[db] Grant: GRANT UPDATE(app) ON TABLE app.app TO <login> WITH GRANT OPTION",
                "[db] Grant: GRANT ALL ON SCHEMA app TO \"App\"",
                "[db] DefaultPrivilege: ALTER DEFAULT PRIVILEGES FOR ROLE <login> IN SCHEMA app GRANT SELECT ON SEQUENCES TO <login>",
                "[db] DefaultPrivilege: ALTER DEFAULT PRIVILEGES FOR ROLE <login> IN SCHEMA app GRANT USAGE ON SEQUENCES TO <login>",
                "[db] Policy: CREATE POLICY app ON app.app FOR SELECT TO <login>, anna, zoe USING ((app = 'app'::text))",
                "[db] UserMapping: CREATE USER MAPPING FOR <login> SERVER app OPTIONS (\"user\" 'app')",
                "[db] Setting: ALTER ROLE <login> IN DATABASE app SET search_path TO 'app', 'public'",
                "[db] Setting: ALTER ROLE other SET role TO <login>",
                "[db] Comment: COMMENT ON ROLE <login> IS 'app'",
                "[db] Membership: GRANT <login> TO other GRANTED BY <login>",
                "[db] Grant: GRANT USAGE ON TYPE app.app TO PUBLIC GRANTED BY <login>",
                "[db] Grant: GRANT USAGE ON TYPE app.app TO other",
            ],
            DumpCanonicalizer.Lines("db", dump, "app").Select(line => line.ToString()));
    }

    [Fact]
    public void A_password_counts_and_which_one_does_not()
    {
        var first = Read("old", "CREATE ROLE old;\nALTER ROLE old WITH LOGIN CONNECTION LIMIT 5 PASSWORD 'SCRAM-SHA-256$4096:x' VALID UNTIL '2030-01-01 00:00:00+00';");
        var second = Read("new", "CREATE ROLE new;\nALTER ROLE new WITH LOGIN CONNECTION LIMIT 5 PASSWORD 'SCRAM-SHA-256$4096:y' VALID UNTIL '2030-01-01 00:00:00+00';");
        var without = Read("new", "CREATE ROLE new;\nALTER ROLE new WITH LOGIN CONNECTION LIMIT 5 VALID UNTIL '2030-01-01 00:00:00+00';");

        Assert.Equal(4, first.CountOfLogin(DumpKind.Attribute));
        Assert.True(DumpOracle.Diff(first, second).IsEmpty);
        Assert.Equal("- [cluster] Attribute: ALTER ROLE <login> WITH PASSWORD <set>", DumpOracle.Diff(first, without).ToString());
        Assert.DoesNotContain("SCRAM", first.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_is_there_twice_differs_from_once()
    {
        var twice = Read("a", "GRANT x TO a;\nGRANT x TO a;");
        var once = Read("a", "GRANT x TO a;");

        Assert.Single(DumpOracle.Diff(twice, once).Lost);
        Assert.Single(DumpOracle.Diff(once, twice).Gained);
    }

    [Fact]
    public void A_pinned_search_path_is_excused_by_name_and_another_one_is_not()
    {
        var none = Read("app", "CREATE ROLE app;", "db");
        var user = Read("app", "CREATE ROLE app;\nALTER ROLE app IN DATABASE db SET search_path TO '$user', 'public';", "db");
        var pinned = Read("app_1", "CREATE ROLE app_1;\nALTER ROLE app_1 IN DATABASE db SET search_path TO 'app', 'public';", "db");
        var other = Read("app_1", "CREATE ROLE app_1;\nALTER ROLE app_1 IN DATABASE db SET search_path TO 'elsewhere';", "db");
        var longer = Read("app_1", "CREATE ROLE app_1;\nALTER ROLE app_1 IN DATABASE db SET search_path TO 'app', 'public', 'more';", "db");

        Assert.Single(DumpOracle.Diff(none, pinned).Gained);
        Assert.True(DumpOracle.Diff(none, pinned, DumpRule.PinnedSearchPath).IsEmpty);
        Assert.Single(DumpOracle.Diff(none, pinned, DumpRule.PinnedSearchPath).Excused);
        Assert.True(DumpOracle.Diff(user, pinned, DumpRule.PinnedSearchPath).IsEmpty);
        Assert.Equal(2, DumpOracle.Diff(user, pinned, DumpRule.PinnedSearchPath).Excused.Count);
        Assert.False(DumpOracle.Diff(none, other, DumpRule.PinnedSearchPath).IsEmpty);
        Assert.False(DumpOracle.Diff(user, longer, DumpRule.PinnedSearchPath).IsEmpty);
        Assert.False(DumpOracle.Diff(pinned, none, DumpRule.PinnedSearchPath).IsEmpty);
    }

    [Fact]
    public void Who_granted_a_membership_is_excused_by_name_and_its_options_are_not()
    {
        var byOld = Read("a", "GRANT x TO a WITH ADMIN OPTION GRANTED BY somebody;");
        var byNew = Read("a", "GRANT x TO a WITH ADMIN OPTION GRANTED BY admin;");
        var less = Read("a", "GRANT x TO a GRANTED BY admin;");

        Assert.False(DumpOracle.Diff(byOld, byNew).IsEmpty);
        Assert.True(DumpOracle.Diff(byOld, byNew, DumpRule.MembershipGrantor).IsEmpty);
        Assert.False(DumpOracle.Diff(byOld, less, DumpRule.MembershipGrantor).IsEmpty);
    }

    private static DumpReading Read(string login, string dump, string? database = null) =>
        DumpOracle.Reading(DumpRequest.WholeCluster(login), DumpCanonicalizer.Lines(database, dump, login));
}
