using MySqlConnector;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Testcontainers.MySql;

namespace Nebula.Rotation.Integration.Tests.MySql;

/// <summary>
/// A login with every right on the releases that the other tests do not run on, in containers, where a Docker engine answers. The images are those of
/// NEBULA_TEST_MYSQL_IMAGE (several with a comma between), else mysql:8.0, mysql:8.4, mysql:9, mariadb:10.6 and mariadb:11.
/// </summary>
public sealed class MySqlContainerTests
{
    private static readonly string[] Wanted = Environment.GetEnvironmentVariable("NEBULA_TEST_MYSQL_IMAGE") is { Length: > 0 } given
        ? given.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        : ["mysql:8.0", "mysql:8.4", "mysql:9", "mariadb:10.6", "mariadb:11"];

    /// <summary>One test an image; a single one, which is skipped, where there is no engine.</summary>
    public static TheoryData<string> Images => ContainerTests.DockerAnswers ? [.. Wanted] : [string.Join(", ", Wanted)];

    public static bool DockerAnswers => ContainerTests.DockerAnswers;

    [Theory(DisableDiscoveryEnumeration = true, Skip = "no Docker engine answers", SkipUnless = nameof(DockerAnswers))]
    [MemberData(nameof(Images))]
    public async Task Random_logins_and_a_whole_rotation_lose_nothing_in(string image)
    {
        await using var container = new MySqlBuilder(image).WithUsername("root").Build();
        await container.StartAsync(TestContext.Current.CancellationToken);
        var release = image.Contains("mariadb", StringComparison.OrdinalIgnoreCase) ? MySqlRelease.MariaDb : MySqlRelease.MySql;
        await using var mysql = new ContainerMySql(release, new(container.GetConnectionString()));
        await new Logins(mysql).A_random_login_has_the_same_facts_before_and_after();
        await new Rotations(mysql).Rotations_in_a_row_under_traffic_fail_no_query_and_keep_one_account_as_definer();
    }

    private sealed class Logins(SharedMySql mysql) : MySqlRandomLoginProperties(mysql);

    private sealed class Rotations(SharedMySql mysql) : MySqlRotationTests(mysql);

    private sealed class ContainerMySql(MySqlRelease release, MySqlConnectionStringBuilder container) : SharedMySql(
        release,
        () => MySqlServer.ConnectAsync(
            new MySqlEndpoint(container.Server, (int)container.Port, container.UserID, container.Password) { Release = release }, null, TestContext.Current.CancellationToken));
}
