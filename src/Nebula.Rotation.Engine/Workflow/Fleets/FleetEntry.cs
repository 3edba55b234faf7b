namespace Nebula.Rotation.Engine.Workflow.Fleets;

/// <summary>A member of a fleet as its plan sees it.</summary>
/// <param name="Member">What is asked.</param>
/// <param name="Server">Members of one text share a server.</param>
/// <param name="AtOnce">How many rotations that server takes at once.</param>
internal sealed record FleetEntry(FleetMember Member, string Server, int AtOnce)
{
    /// <summary>Those that must have ended before this one begins: an admin is rotated after all who use it.</summary>
    public IReadOnlyCollection<FleetEntry> After { get; set; } = [];

    /// <summary>Why it is not begun at all, or null.</summary>
    public string? Excluded { get; set; }

    public string Name => Member.Request.Name;

    // Two members can be asked the same; each is itself.
    public bool Equals(FleetEntry? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
