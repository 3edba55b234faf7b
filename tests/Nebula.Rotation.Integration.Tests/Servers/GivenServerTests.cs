using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>A server that NEBULA_TEST_POSTGRES names takes the place of our own.</summary>
public sealed class GivenServerTests(SharedPostgres postgres)
{
    private const string Variable = "NEBULA_TEST_POSTGRES";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_used_and_what_needs_our_own_is_refused_by_name()
    {
        var own = await postgres.ServerAsync();
        await using var given = await PostgresServer.ConnectAsync(PostgresEndpoint.Parse(UriOf(own)), null, Ct);

        Assert.True(given.IsExternal);
        Assert.Equal((own.Host, own.Port, own.SuperUser, own.SuperPassword), (given.Host, given.Port, given.SuperUser, given.SuperPassword));
        Assert.Equal(own.Version.Major, given.Version.Major);
        Assert.Contains("CREATE ROLE", await given.DumpGlobalsAsync(Ct), StringComparison.Ordinal);
        Assert.Equal(nameof(given.DataDirectory), Assert.Throws<ExternalServerNotSupportedException>(() => given.DataDirectory).Member);
        Assert.Equal(nameof(given.LogPath), Assert.Throws<ExternalServerNotSupportedException>(() => given.LogPath).Member);
        Assert.Equal(nameof(given.ProcessId), Assert.Throws<ExternalServerNotSupportedException>(() => given.ProcessId).Member);
        await RefusedAsync(nameof(given.ReadLogAsync), () => given.ReadLogAsync(Ct));
        await RefusedAsync(nameof(given.StopAsync), () => given.StopAsync(ct: Ct));
        await RefusedAsync(nameof(given.StartAgainAsync), () => given.StartAgainAsync(Ct));
        await RefusedAsync(nameof(given.RestartAsync), () => given.RestartAsync(ct: Ct));

        var settings = new PostgresServerOptions { Settings = new Dictionary<string, string> { ["work_mem"] = "5MB" } };
        await RefusedAsync("Settings", () => PostgresServer.ConnectAsync(PostgresEndpoint.Parse(UriOf(own)), settings, Ct));
        var rules = new PostgresServerOptions { HostBasedAuthentication = ["local all all reject"] };
        await RefusedAsync("HostBasedAuthentication", () => PostgresServer.ConnectAsync(PostgresEndpoint.Parse(UriOf(own)), rules, Ct));
    }

    [Theory]
    [InlineData(PostgresRelease.Distribution)]
    [InlineData(PostgresRelease.V18)]
    public async Task The_environment_variable_names_it(PostgresRelease release)
    {
        var own = await postgres.ServerAsync();
        using var holder = ServerHolder.Start("/tmp", release, UriOf(own));

        Assert.Equal($"given {own.Host} {own.Port}", await holder.StandardOutput.ReadLineAsync(Ct));

        holder.StandardInput.Close();
        await holder.WaitForExitAsync(Ct);
    }

    [Fact]
    public async Task One_that_does_not_let_us_in_is_unavailable()
    {
        var own = await postgres.ServerAsync();
        var endpoint = PostgresEndpoint.Parse(UriOf(own)) with { Password = "wrong-canary" };

        var failure = await Assert.ThrowsAsync<ServerUnavailableException>(() => PostgresServer.ConnectAsync(endpoint, null, Ct));

        Assert.Contains(Variable, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-canary", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_uri_is_read_percent_decoded()
    {
        var endpoint = PostgresEndpoint.Parse("postgresql://us%40er:p%3Aa%2Fss%25@[::1]:6543/my%20db");

        Assert.Equal(new PostgresEndpoint("::1", 6543, "us@er", "p:a/ss%", "my db"), endpoint);
        Assert.Equal(5432, PostgresEndpoint.Parse("postgres://u:p@db.example").Port);
        Assert.Equal("postgres", PostgresEndpoint.Parse("postgres://u:p@db.example/").Database);
    }

    [Theory]
    [InlineData("Host=x;Password=canary")]
    [InlineData("mysql://u:canary@x/y")]
    [InlineData("postgresql://canary@x/y")]
    [InlineData("postgresql://u:canary")]
    public void A_uri_that_is_none_is_refused_without_repeating_it(string text)
    {
        var failure = Assert.Throws<ServerUnavailableException>(() => PostgresEndpoint.Parse(text));

        Assert.Contains(Variable, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_cannot_be_had_skips_by_name_and_fails_in_continuous_integration()
    {
        static Task<PostgresServer> Missing() => throw new ServerUnavailableException("PostgreSQL", "nobody has it");
        var said = new List<string>();

        await Assert.ThrowsAsync<ServerUnavailableException>(() => ServerRequirement.OrSkip(Missing, said.Add, mustHaveServers: true));
        Assert.Empty(said);

        await Assert.ThrowsAsync<ServerUnavailableException>(() => ServerRequirement.OrSkip(Missing, said.Add, mustHaveServers: false));
        Assert.Equal(["PostgreSQL is not available: nobody has it"], said);
    }

    private static async Task RefusedAsync(string member, Func<Task> action)
    {
        var refusal = await Assert.ThrowsAsync<ExternalServerNotSupportedException>(action);
        Assert.Equal(member, refusal.Member);
        Assert.Equal(Variable, refusal.Variable);
    }

    private static string UriOf(PostgresServer server) =>
        $"postgresql://{Uri.EscapeDataString(server.SuperUser)}:{Uri.EscapeDataString(server.SuperPassword)}@{server.Host}:{server.Port}/postgres";
}
