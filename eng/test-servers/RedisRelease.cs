namespace Nebula.Rotation.TestServers;

/// <summary>Which Redis a test server is.</summary>
public enum RedisRelease
{
    /// <summary>The one on PATH; the distribution's if there is none (7.0 in Debian 12).</summary>
    Distribution,

    /// <summary>Redis 8, from a <see cref="SidRoot"/>.</summary>
    Redis8,

    /// <summary>Valkey, from a <see cref="SidRoot"/>.</summary>
    Valkey,
}

internal static class RedisReleases
{
    /// <summary>What messages call the server.</summary>
    public static string ServerName(this RedisRelease release) => release switch
    {
        RedisRelease.Redis8 => "Redis 8",
        RedisRelease.Valkey => "Valkey",
        _ => "Redis",
    };
}
