namespace Nebula.Rotation;

/// <summary>One credential of a run over many.</summary>
public sealed class FleetMember
{
    /// <summary>What is asked for it.</summary>
    public required RotationRequest Request { get; init; }

    /// <summary>What is done with it.</summary>
    public DueAction Action { get; init; }
}
