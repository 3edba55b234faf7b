namespace Nebula.Rotation.Engine.Publishing;

/// <summary>What was found about targets before anything is touched.</summary>
/// <param name="Blockers">Targets that cannot be written.</param>
/// <param name="Warnings">What to know.</param>
internal sealed record TargetCheck(IReadOnlyList<PlanBlocker> Blockers, IReadOnlyList<string> Warnings)
{
    public static TargetCheck Fine { get; } = new([], []);
}
