namespace Nebula.Rotation.TestServers;

/// <summary>Which PostgreSQL a test server is.</summary>
public enum PostgresRelease
{
    /// <summary>The newest that is installed on this machine; installed from the distribution's packages if there is none.</summary>
    Distribution,

    /// <summary>PostgreSQL 18: installed on this machine, or from a <see cref="SidRoot"/>.</summary>
    V18,
}

internal static class PostgresReleases
{
    /// <summary>What messages call the server.</summary>
    public static string ServerName(this PostgresRelease release) => release is PostgresRelease.V18 ? "PostgreSQL 18" : "PostgreSQL";

    /// <summary>The environment variable that gives the tests a server that they did not start.</summary>
    public static string Variable(this PostgresRelease release) => release is PostgresRelease.V18 ? "NEBULA_TEST_POSTGRES18" : "NEBULA_TEST_POSTGRES";
}
