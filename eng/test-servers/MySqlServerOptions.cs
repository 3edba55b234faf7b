namespace Nebula.Rotation.TestServers;

/// <summary>How a test server of the MySQL family is set up.</summary>
public sealed record MySqlServerOptions
{
    /// <summary>Which server.</summary>
    public MySqlRelease Release { get; init; } = MySqlRelease.MariaDb;

    /// <summary><c>max_connections</c>.</summary>
    public int MaxConnections { get; init; } = 200;

    /// <summary>Whether each statement is in the general log (<c>general_log</c>).</summary>
    public bool LogStatements { get; init; } = true;

    /// <summary>Further options of the server: the name without dashes, and the value; an empty one for an option without. They win over our own.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Files that the options name with <c>{files}</c> as their folder: certificates, keys. Only the server's account can read them.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether a missing server may be installed (as root, with apt) or unpacked into the cache (see <see cref="SidRoot"/>).</summary>
    public bool MayInstall { get; init; } = true;

    /// <summary>How long the server may take to start or to stop.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Where the server's ports come from.</summary>
    internal Func<int> FindPort { get; init; } = FreePort.Find;
}
