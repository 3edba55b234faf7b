namespace Nebula.Rotation.Engine.Databases;

/// <summary>Statements of Retire that are applied as one unit, journaled under a name, and retried as one when a lock is not to be had in time.</summary>
/// <param name="Key">Unique within a rotation and the same when planned again.</param>
/// <param name="Description">For progress and messages: which object moves.</param>
/// <param name="Statements">In their order.</param>
internal sealed record PlannedStep(string Key, string Description, IReadOnlyList<PlannedStatement> Statements)
{
    /// <summary>The ownership that moves, or null.</summary>
    public PermissionFact? Ownership { get; init; }
}
