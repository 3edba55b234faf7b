namespace Nebula.Rotation.Engine.Databases;

/// <summary>How a login is put away for good without being dropped.</summary>
/// <param name="Statements">Blocks it, takes its password and what can be taken. Can be repeated.</param>
/// <param name="Reason">Why a drop would fail; null when none is known, and it is worth the attempt.</param>
internal sealed record DisablePlan(IReadOnlyList<PlannedStatement> Statements, string? Reason);
