namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>What one server can do that another cannot: asked with hello and listCommands, so that nothing depends on a version or a maker.</summary>
[Flags]
internal enum MongoDbFeatures : long
{
    None = 0,

    /// <summary>grantRolesToUser and revokeRolesFromUser, which some compatible servers lack; without them a change writes the whole list of roles.</summary>
    GrantRoles = 1,

    /// <summary>killAllSessions.</summary>
    KillSessions = 2,

    /// <summary>A mongos: it keeps users in a cache of its own (manual, "userCacheInvalidationIntervalSecs").</summary>
    Router = 4,

    /// <summary>A member of a replica set.</summary>
    ReplicaSet = 8,
}
