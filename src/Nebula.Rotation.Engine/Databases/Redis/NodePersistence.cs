namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>How a node keeps what is changed in its memory.</summary>
/// <param name="Node">Host and port.</param>
/// <param name="Group">The group, as facts name it.</param>
/// <param name="Users">The command that keeps the users, or null where a restart forgets them.</param>
/// <param name="Settings">The command that keeps the settings, or null.</param>
internal sealed record NodePersistence(string Node, string? Group, string? Users, string? Settings)
{
    public const string AclFile = "ACL SAVE";
    public const string ConfigFile = "CONFIG REWRITE";
    public const string SentinelFile = "SENTINEL FLUSHCONFIG";
}
