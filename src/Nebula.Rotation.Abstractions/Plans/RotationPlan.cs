namespace Nebula.Rotation;

/// <summary>What a rotation would do now. Nothing was changed to make it.</summary>
public sealed record RotationPlan
{
    /// <summary>The credential's name.</summary>
    public required string Credential { get; init; }

    /// <summary>The credential's scope.</summary>
    public string Scope { get; init; } = DatabaseCredential.DefaultScope;

    /// <summary>The kind of server.</summary>
    public required DatabaseType DatabaseType { get; init; }

    /// <summary>The strategy.</summary>
    public required RotationStrategy Strategy { get; init; }

    /// <summary>The login that is live.</summary>
    public required string OldUsername { get; init; }

    /// <summary>An example of the login that would take its place; a rotation draws its own.</summary>
    public required string NewUsername { get; init; }

    /// <summary>Everything the catalog says about the live login.</summary>
    public required IReadOnlyList<PermissionFact> Facts { get; init; }

    /// <summary>The statements, in their order.</summary>
    public required IReadOnlyList<PlanStatement> Statements { get; init; }

    /// <summary>What is given the new login before the store names it, in this order.</summary>
    public IReadOnlyList<PublishTarget> PublishTargets { get; init; } = [];

    /// <summary>What stands in the way; empty when the rotation can start.</summary>
    public required IReadOnlyList<PlanBlocker> Blockers { get; init; }

    /// <summary>What to know before starting.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>True when nothing stands in the way.</summary>
    public bool CanRotate => Blockers.Count == 0;
}
