namespace Nebula.Rotation.Engine.Snapshots;

/// <summary>What a planner needs to know of the server.</summary>
/// <param name="Version">Its version, for messages.</param>
/// <param name="Features">A room's own flags, asked of the server.</param>
internal sealed record ServerDescription(string Version, long Features);
