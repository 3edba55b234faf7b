namespace Nebula.Rotation.TestServers;

/// <summary>How a PostgreSQL test server is set up.</summary>
public sealed record PostgresServerOptions
{
    /// <summary>Which PostgreSQL.</summary>
    public PostgresRelease Release { get; init; } = PostgresRelease.Distribution;

    /// <summary><c>max_connections</c>.</summary>
    public int MaxConnections { get; init; } = 100;

    /// <summary><c>max_prepared_transactions</c>; PostgreSQL's own default is 0, which forbids them.</summary>
    public int MaxPreparedTransactions { get; init; } = 10;

    /// <summary>Whether a commit waits for the disk (<c>fsync</c>). Off by default: the data does not outlive the run.</summary>
    public bool Durable { get; init; }

    /// <summary>Whether each statement is logged (<c>log_statement = all</c>).</summary>
    public bool LogStatements { get; init; } = true;

    /// <summary>Further settings for postgresql.conf: the name, and the value as text. They win over the ones above.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Lines of pg_hba.conf that come before the ones that let everybody in with scram-sha-256. The first line that fits decides.</summary>
    public IReadOnlyList<string> HostBasedAuthentication { get; init; } = [];

    /// <summary>Whether a missing PostgreSQL may be installed (as root, with apt) or unpacked into the cache (see <see cref="SidRoot"/>).</summary>
    public bool MayInstall { get; init; } = true;

    /// <summary>How long the server may take to start or to stop.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>Where the server's ports come from.</summary>
    internal Func<int> FindPort { get; init; } = FreePort.Find;
}
