namespace Nebula.Rotation.TestServers;

/// <summary>Which server of the MySQL family a test server is.</summary>
public enum MySqlRelease
{
    /// <summary>MariaDB: what is installed on this machine; installed from the distribution's packages if there is none.</summary>
    MariaDb,

    /// <summary>MySQL, the newest of Debian's packages: from a <see cref="SidRoot"/>.</summary>
    MySql,
}

internal static class MySqlReleases
{
    /// <summary>What messages call the server.</summary>
    public static string ServerName(this MySqlRelease release) => release is MySqlRelease.MariaDb ? "MariaDB" : "MySQL";

    /// <summary>The environment variable that gives the tests a server that they did not start.</summary>
    public static string Variable(this MySqlRelease release) => release is MySqlRelease.MariaDb ? "NEBULA_TEST_MARIADB" : "NEBULA_TEST_MYSQL";
}
