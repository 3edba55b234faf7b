namespace Nebula.Rotation.Pooling;

/// <summary>A pool has taken a login.</summary>
public sealed class PoolAdoption
{
    /// <summary>The user name in use now.</summary>
    public required string Username { get; init; }

    /// <summary>The user name before, or null for a pool's first.</summary>
    public required string? PreviousUsername { get; init; }

    /// <summary>The number of its version, where it has one.</summary>
    public required int? Version { get; init; }

    /// <summary>False when the login was in use already.</summary>
    public required bool IsChanged { get; init; }

    /// <summary>How long it took to make and prove the new pool.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Ends when the pool before is gone, with what became of it; its result is null where there was none. Never fails.</summary>
    public required Task<PoolDrain?> Drained { get; init; }
}
