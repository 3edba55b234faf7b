namespace Nebula.Rotation.TestServers;

/// <summary>How a PgBouncer for tests is set up.</summary>
/// <param name="Server">The server that it stands in front of, with all its databases.</param>
public sealed record PgBouncerServerOptions(PostgresServer Server)
{
    /// <summary>Where the logins come from.</summary>
    public PgBouncerAuthentication Authentication { get; init; } = PgBouncerAuthentication.Query;

    /// <summary>Users and passwords (or verifiers) that its file has from the beginning, beside its own.</summary>
    public IReadOnlyDictionary<string, string> Users { get; init; } = new Dictionary<string, string>();

    /// <summary>Further settings of the section [pgbouncer]. They win over the usual ones: <c>pool_mode = transaction</c>, <c>server_idle_timeout = 1</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether a missing PgBouncer may be installed (as root, with apt).</summary>
    public bool MayInstall { get; init; } = true;

    /// <summary>How long it may take to start.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>Where its ports come from.</summary>
    internal Func<int> FindPort { get; init; } = FreePort.Find;
}
