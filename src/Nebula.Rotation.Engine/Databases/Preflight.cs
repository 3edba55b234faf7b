namespace Nebula.Rotation.Engine.Databases;

/// <summary>What was found before anything is touched.</summary>
/// <param name="MissingRights">Rights the admin lacks, each as what a superuser would run or do.</param>
/// <param name="Blockers">Limits and states of the server that stand in the way.</param>
/// <param name="Warnings">What to know.</param>
internal sealed record Preflight(IReadOnlyList<string> MissingRights, IReadOnlyList<PlanBlocker> Blockers, IReadOnlyList<string> Warnings);
