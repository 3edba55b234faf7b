namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>The kinds of fact that this room reads. <see cref="PermissionFact.Database"/> is the group of nodes: null for those with data, or <see cref="Sentinels"/>.</summary>
internal static class FactKinds
{
    /// <summary>A flag of the user.</summary>
    public const string Flag = "Flag";

    /// <summary>The command rules of the user, in their order, which counts: one fact.</summary>
    public const string Commands = "Commands";

    /// <summary>A pattern of keys: the name is how (<c>~</c>, <c>%R~</c>, <c>%W~</c>), the object the pattern.</summary>
    public const string Key = "Key";

    /// <summary>A pattern of channels.</summary>
    public const string Channel = "Channel";

    /// <summary>The databases of the user (Valkey 9+).</summary>
    public const string Databases = "Databases";

    /// <summary>A selector: further rules, which hold beside the user's own.</summary>
    public const string Selector = "Selector";

    /// <summary>A node where the login is not what it is on the others. Never cloned: everything is given anew on all of them.</summary>
    public const string NodeDifference = "NodeDifference";

    /// <summary>A node logs in to its primary as the login (<c>masteruser</c>). The database is the node.</summary>
    public const string Replication = "Replication";

    /// <summary>A sentinel logs in to the nodes as the login (<c>auth-user</c>). The database is the sentinel, the object the service.</summary>
    public const string Monitor = "Monitor";

    /// <summary>The group of sentinels.</summary>
    public const string Sentinels = "sentinels";
}
