namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>What one server can do that another cannot, asked of the server.</summary>
[Flags]
internal enum RedisFeatures : long
{
    None = 0,

    /// <summary>Users have channels (6.2+): ACL GETUSER tells.</summary>
    Channels = 1,

    /// <summary>Users have selectors, and key patterns for reading and writing (7.0+): ACL GETUSER tells.</summary>
    Selectors = 2,

    /// <summary>Users are bound to databases (Valkey 9+): ACL GETUSER tells.</summary>
    Databases = 4,

    /// <summary>CONFIG SET takes several settings at once (7.0+, with the selectors).</summary>
    ManySettings = 8,
}
