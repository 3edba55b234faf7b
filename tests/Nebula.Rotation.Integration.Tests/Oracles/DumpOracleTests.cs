using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Oracles;

/// <summary>The oracle on a real server: what it must see, and what it must not.</summary>
public abstract class DumpOracleTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : DumpOracleTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : DumpOracleTests(postgres)
    {
        [Theory]
        [InlineData("GRANT {1} TO {0} WITH INHERIT FALSE", DumpKind.Membership, 1, 1)]
        [InlineData("GRANT {0} TO {3} WITH SET FALSE", DumpKind.Membership, 1, 1)]
        [InlineData("GRANT {1} TO {3} GRANTED BY {0}", DumpKind.Membership, 0, 1)]
        [InlineData("GRANT MAINTAIN ON TABLE s.t TO {0}", DumpKind.Grant, 0, 1)]
        [InlineData("ALTER DEFAULT PRIVILEGES FOR ROLE {1} GRANT SELECT ON LARGE OBJECTS TO {0}", DumpKind.DefaultPrivilege, 0, 1)]
        public Task What_15_does_not_have_is_seen(string sql, object kind, int lost, int gained) => A_single_difference_is_seen(sql, sql, $"{kind}", lost, gained);
    }

    /// <summary>Each difference: its name, the statements that make it ({0} the role, {1} the group, {2} the database, {3} a third role), its kind, and how many lines it loses and gains.</summary>
    public static TheoryData<string, string, string, int, int> Differences => new()
    {
        { "a lost grant", "REVOKE UPDATE ON TABLE s.t FROM {0}", nameof(DumpKind.Grant), 1, 0 },
        { "a lost column grant", "REVOKE SELECT (a) ON TABLE s.c FROM {0}", nameof(DumpKind.Grant), 1, 0 },
        { "a lost grant option", "REVOKE GRANT OPTION FOR USAGE ON SCHEMA s FROM {0}", nameof(DumpKind.Grant), 1, 1 },
        { "a lost function grant", "REVOKE EXECUTE ON FUNCTION s.f(integer, text) FROM {0}", nameof(DumpKind.Grant), 1, 0 },
        { "a lost sequence grant", "REVOKE USAGE ON SEQUENCE s.q FROM {0}", nameof(DumpKind.Grant), 1, 0 },
        { "a lost type grant", "REVOKE USAGE ON TYPE s.e FROM {0}", nameof(DumpKind.Grant), 1, 0 },
        { "a lost schema grant", "REVOKE USAGE ON SCHEMA s FROM {0}", nameof(DumpKind.Grant), 1, 0 },
        { "a lost database grant", "REVOKE CONNECT ON DATABASE {2} FROM {0}", nameof(DumpKind.Grant), 1, 0 },
        { "a lost large object grant", "REVOKE SELECT ON LARGE OBJECT 4711 FROM {0}", nameof(DumpKind.Grant), 1, 0 },
        { "a lost parameter grant", "REVOKE SET ON PARAMETER log_duration FROM {0}", nameof(DumpKind.Grant), 1, 0 },
        { "a grant too many", "GRANT DELETE ON TABLE s.t TO {0}", nameof(DumpKind.Grant), 0, 1 },
        { "a lost grant to another role, made by this one", "SET ROLE {0}; REVOKE SELECT ON TABLE s.t FROM {3}", nameof(DumpKind.Grant), 1, 0 },
        { "a lost default privilege as grantee", "ALTER DEFAULT PRIVILEGES IN SCHEMA s REVOKE SELECT ON TABLES FROM {0}", nameof(DumpKind.DefaultPrivilege), 1, 0 },
        { "a lost default privilege as definer", "ALTER DEFAULT PRIVILEGES FOR ROLE {0} REVOKE USAGE ON SEQUENCES FROM {1}", nameof(DumpKind.DefaultPrivilege), 1, 0 },
        { "a lost owner", "ALTER TABLE s.owned OWNER TO {1}", nameof(DumpKind.Owner), 1, 0 },
        { "a lost setting", "ALTER ROLE {0} RESET work_mem", nameof(DumpKind.Setting), 1, 0 },
        { "a changed setting", "ALTER ROLE {0} SET work_mem = '9MB'", nameof(DumpKind.Setting), 1, 1 },
        { "a lost setting in a database", "ALTER ROLE {0} IN DATABASE {2} RESET search_path", nameof(DumpKind.Setting), 1, 0 },
        { "a lost membership", "REVOKE {1} FROM {0}", nameof(DumpKind.Membership), 1, 0 },
        { "a lost admin option", "REVOKE ADMIN OPTION FOR {1} FROM {0}", nameof(DumpKind.Membership), 1, 1 },
        { "a lost member", "REVOKE {0} FROM {3}", nameof(DumpKind.Membership), 1, 0 },
        { "a changed attribute", "ALTER ROLE {0} NOINHERIT", nameof(DumpKind.Attribute), 1, 1 },
        { "a lost connection limit", "ALTER ROLE {0} CONNECTION LIMIT -1", nameof(DumpKind.Attribute), 1, 0 },
        { "a lost expiry", "ALTER ROLE {0} VALID UNTIL 'infinity'", nameof(DumpKind.Attribute), 1, 1 },
        { "a lost password", "ALTER ROLE {0} PASSWORD NULL", nameof(DumpKind.Attribute), 1, 0 },
        { "a lost policy", "ALTER POLICY p ON s.t TO {1}", nameof(DumpKind.Policy), 1, 0 },
        { "a lost user mapping", "DROP USER MAPPING FOR {0} SERVER far", nameof(DumpKind.UserMapping), 1, 0 },
        { "a lost comment", "COMMENT ON ROLE {0} IS NULL", nameof(DumpKind.Comment), 1, 0 },
    };

    /// <summary>How many lines of each kind the full set of <see cref="GiveEverythingAsync"/> makes: an empty reading is not equal to it.</summary>
    private static readonly Dictionary<DumpKind, int> Expected = new()
    {
        [DumpKind.Role] = 1,
        // superuser, inherit, createrole, createdb, login, replication, bypassrls, connection limit, password, expiry
        [DumpKind.Attribute] = 10,
        [DumpKind.Setting] = 2,
        [DumpKind.Membership] = 2,
        // t: 3 and one by the role to another; column, function, sequence, type, schema, database, large object, parameter
        [DumpKind.Grant] = 12,
        [DumpKind.DefaultPrivilege] = 2,
        [DumpKind.Owner] = 1,
        [DumpKind.Policy] = 1,
        [DumpKind.UserMapping] = 1,
        [DumpKind.Comment] = 1,
    };

    [Theory]
    [InlineData("plain", "other")]
    [InlineData("Upper Case", "with space")]
    [InlineData("quo\"te'd", "%@:/?#'\"\\`")]
    [InlineData("ünï→код🔑", "two\nlines")]
    [InlineData("select", "public.\"x\"")]
    [InlineData("$tag$;--", "/*")]
    [InlineData("<login>", "login")]
    public async Task Two_logins_made_the_same_way_are_equal_whatever_their_names_are(string first, string second)
    {
        await using var one = await NewAsync(first);
        var before = await one.ReadAsync();
        await using var two = await NewAsync(second, one);
        var after = await two.ReadAsync();

        Assert.Equal(Expected, Enum.GetValues<DumpKind>().Select(kind => (kind, Count: before.CountOfLogin(kind))).Where(pair => pair.Count > 0).ToDictionary());
        var diff = DumpOracle.Diff(before, after);
        Assert.True(diff.IsEmpty, diff.ToString());
        Assert.Equal(before.Texts, after.Texts);
    }

    [Theory]
    [MemberData(nameof(Differences))]
    public async Task A_single_difference_is_seen(string difference, string sql, string kind, int lost, int gained)
    {
        await using var one = await NewAsync("old");
        var before = await one.ReadAsync();

        await one.ExecuteAsync(sql);

        var diff = DumpOracle.Diff(before, await one.ReadAsync());
        Assert.True((lost, gained) == (diff.Lost.Count, diff.Gained.Count), $"{difference}: {diff}");
        Assert.All(diff.Lost.Concat(diff.Gained), line => Assert.Equal(kind, line.Kind.ToString()));
    }

    [Fact]
    public async Task The_order_in_which_rights_were_given_makes_no_difference()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var (a, b, login) = (await database.NewLoginAsync("a"), await database.NewLoginAsync("b"), await database.NewLoginAsync());
        await database.ExecuteAsync($"CREATE TABLE t (); GRANT SELECT ON t TO {a}; GRANT SELECT ON t TO {login}; GRANT INSERT ON t TO {b}");
        var request = DumpRequest.Of(login, [database.Name], a, b);
        var before = await DumpOracle.ReadAsync(database.Server, request, TestContext.Current.CancellationToken);

        await database.ExecuteAsync($"REVOKE ALL ON t FROM {a}, {b}, {login}; GRANT INSERT ON t TO {b}; GRANT SELECT ON t TO {login}; GRANT SELECT ON t TO {a}");

        var after = await DumpOracle.ReadAsync(database.Server, request, TestContext.Current.CancellationToken);
        Assert.Equal("no difference", DumpOracle.Diff(before, after).ToString());
        Assert.Contains($"[{database.Name}] Grant: GRANT INSERT ON TABLE public.t TO {b}", after.Texts);
    }

    [Fact]
    public async Task A_renamed_login_in_a_schema_of_its_own_name_is_the_same_login_with_its_path_pinned()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var old = await database.NewLoginAsync();
        var renamed = database.NewRoleName("app");
        await database.ExecuteAsync($"CREATE SCHEMA {old} AUTHORIZATION {old}; CREATE TABLE {old}.t (); ALTER TABLE {old}.t OWNER TO {old}");
        var before = await ReadAsync(old);

        await database.ExecuteAsync($"ALTER ROLE {old} RENAME TO {renamed}; ALTER ROLE {renamed} IN DATABASE {database.Name} SET search_path = {old}, public");

        var after = await ReadAsync(renamed);
        Assert.Equal(2, after.CountOfLogin(DumpKind.Owner));
        Assert.Single(DumpOracle.Diff(before, after).Gained);
        Assert.True(DumpOracle.Diff(before, after, DumpRule.PinnedSearchPath).IsEmpty);

        Task<DumpReading> ReadAsync(string login) =>
            DumpOracle.ReadAsync(database.Server, DumpRequest.Of(login, [database.Name]), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_whole_cluster_can_be_read()
    {
        var server = await postgres.ServerAsync();
        Assert.SkipWhen(server.IsExternal, "the server was given: its databases are not ours to read");
        await using var own = await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(new PostgresServerOptions { Release = postgres.Release }, TestContext.Current.CancellationToken), Assert.Skip);
        await own.ExecuteAsync("CREATE ROLE app LOGIN; CREATE TABLE kept (); ALTER TABLE kept OWNER TO app", ct: TestContext.Current.CancellationToken);

        var reading = await DumpOracle.ReadAsync(own, DumpRequest.WholeCluster("app"), TestContext.Current.CancellationToken);

        Assert.Contains("[postgres] Owner: ALTER TABLE public.kept OWNER TO <login>", reading.Texts);
        Assert.Contains("[template1] Definition: CREATE DATABASE template1 WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C.UTF-8'", reading.Texts);
        Assert.Contains("[cluster] Role: CREATE ROLE postgres", reading.Texts);
    }

    private async Task<RichLogin> NewAsync(string nameLike, RichLogin? sameGroupAs = null) => await RichLogin.CreateAsync(postgres, nameLike, sameGroupAs);
}
