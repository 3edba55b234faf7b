namespace Nebula.Rotation.TestServers;

/// <summary>How a Redis test server is set up.</summary>
public sealed record RedisServerOptions
{
    /// <summary>Which Redis.</summary>
    public RedisRelease Release { get; init; } = RedisRelease.Distribution;

    /// <summary>True for a sentinel.</summary>
    public bool IsSentinel { get; init; }

    /// <summary>Whether users are kept in a file of their own (<c>aclfile</c>) instead of in the configuration.</summary>
    public bool HasAclFile { get; init; }

    /// <summary>Whether the server knows its configuration's file. Without one nothing can be saved.</summary>
    public bool HasConfigFile { get; init; } = true;

    /// <summary>Lines of redis.conf. They come after those that are always there.</summary>
    public IReadOnlyList<string> Configuration { get; init; } = [];

    /// <summary>Users as <c>ACL LIST</c> has them. The default is an admin with all rights, and a default user that is off.</summary>
    public IReadOnlyList<string>? Users { get; init; }

    /// <summary>The admin's name.</summary>
    public string AdminUser { get; init; } = "admin";

    /// <summary>The admin's password; null for a random one.</summary>
    public string? AdminPassword { get; init; }

    /// <summary>Whether a missing Redis may be installed (as root, with apt) or unpacked into the cache (see <see cref="SidRoot"/>).</summary>
    public bool MayInstall { get; init; } = true;

    /// <summary>How long the server may take to start or to stop.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(4);
}
