using DotNet.Testcontainers.Configurations;
using Nebula.Rotation.Integration.Tests.PostgreSql;
using Nebula.Rotation.TestServers;
using Npgsql;
using Testcontainers.PostgreSql;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>
/// A whole rotation on the releases that the other tests do not run on, in containers, where a Docker engine answers. The images are those of NEBULA_TEST_POSTGRES_IMAGE
/// (several with a comma between), else postgres:13 to postgres:18. The dump programs are those of 18, for they must not be older than the server.
/// </summary>
public sealed class ContainerTests
{
    private static readonly string[] Wanted = Environment.GetEnvironmentVariable("NEBULA_TEST_POSTGRES_IMAGE") is { Length: > 0 } given
        ? given.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        : [.. Enumerable.Range(13, 6).Select(major => $"postgres:{major}")];

    /// <summary>One test an image; a single one, which is skipped, where there is no engine.</summary>
    public static TheoryData<string> Images => DockerAnswers ? [.. Wanted] : [string.Join(", ", Wanted)];

    /// <summary>Asks the engine's endpoint that the environment, the user's settings or the system name.</summary>
    public static bool DockerAnswers
    {
        get
        {
            try
            {
                return TestcontainersSettings.OS.DockerEndpointAuthConfig is not null;
            }
            catch (Exception)
            {
                // An engine that we cannot talk to is none.
                return false;
            }
        }
    }

    [Theory(DisableDiscoveryEnumeration = true, Skip = "no Docker engine answers", SkipUnless = nameof(DockerAnswers))]
    [MemberData(nameof(Images))]
    public async Task A_login_with_everything_is_rotated_and_nothing_is_lost_in(string image)
    {
        await using var container = new PostgreSqlBuilder(image).WithUsername("postgres").WithDatabase("postgres").Build();
        await container.StartAsync(TestContext.Current.CancellationToken);
        await using var postgres = new ContainerPostgres(container.GetConnectionString());
        await new Cycle(postgres).A_login_with_everything_is_rotated_and_nothing_is_lost("app", "next");
    }

    private sealed class Cycle(SharedPostgres postgres) : CycleTests(postgres);

    private sealed class ContainerPostgres(string connectionString) : SharedPostgres(PostgresRelease.V18, () => ConnectAsync(new(connectionString)))
    {
        private static async Task<PostgresServer> ConnectAsync(NpgsqlConnectionStringBuilder container)
        {
            var ct = TestContext.Current.CancellationToken;
            if (!OperatingSystem.IsLinux())
                throw new ServerUnavailableException(PostgresRelease.V18.ServerName(), "its dump programs, which read any release, are had on Linux only.");
            await PostgresBinaries.FindOrInstallAsync(PostgresRelease.V18, mayInstall: true, ct);
            var endpoint = new PostgresEndpoint(container.Host!, container.Port, container.Username!, container.Password!, container.Database!) { Release = PostgresRelease.V18 };
            return await PostgresServer.ConnectAsync(endpoint, null, ct);
        }
    }
}
