namespace Nebula.Rotation.Hosting;

/// <summary>What a host rotates, and when.</summary>
public sealed record RotationHostingOptions
{
    /// <summary>Where the store is; null for <c>NEBULA_STORE</c>, else the user's local data folder.</summary>
    public string? Store { get; init; }

    /// <summary>True to make the store when there is none.</summary>
    public bool CreateStoreIfMissing { get; init; }

    /// <summary>The scope whose credentials are this host's.</summary>
    public string Scope { get; init; } = DatabaseCredential.DefaultScope;

    /// <summary>Their names, with the wildcards <c>*</c> and <c>?</c>; empty means all of the scope.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>How often a credential is rotated that has neither an interval nor a schedule of its own; null for only on demand.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>How often the host looks for what is due.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long after a failure a credential is tried again; doubles with each failure in a row.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The longest time between two tries.</summary>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How a credential is rotated: its grace period, its admin login, what is verified. Null for the stored admin and the defaults.</summary>
    public Func<DatabaseCredential, RotationRequest>? Request { get; init; }

    /// <summary>The clock by which rotations are due.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Every ?? TimeSpan.MaxValue, TimeSpan.Zero, nameof(Every));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(CheckInterval, TimeSpan.Zero, nameof(CheckInterval));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RetryAfter, TimeSpan.Zero, nameof(RetryAfter));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRetryAfter, RetryAfter, nameof(MaxRetryAfter));
    }
}
