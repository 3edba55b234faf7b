namespace Nebula.Rotation.Stores;

/// <summary>A line of a rotation's journal.</summary>
/// <param name="Stage">The stage at work.</param>
/// <param name="Step">The step's name, unique within the rotation: what Resume looks for.</param>
/// <param name="Phase">What is said about it.</param>
/// <param name="At">When.</param>
/// <param name="Data">What undoing or repeating the step needs; encrypted at rest. Null when nothing is needed.</param>
public sealed record JournalEntry(RotationStage Stage, string Step, JournalPhase Phase, DateTimeOffset At, string? Data = null)
{
    /// <summary>The step and its phase; the data may hold a secret and is left out.</summary>
    public override string ToString() => $"{Stage}/{Step} {Phase}";
}
