using System.Data.Common;

namespace Nebula.Rotation.Pooling;

/// <summary>How a pool follows its source.</summary>
public sealed record RotatingPoolOptions
{
    /// <summary>How often the source is looked at; <see cref="Timeout.InfiniteTimeSpan"/> for a pool that is told (<see cref="IRotatingPool.AdoptAsync"/>).</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest pause after looks that failed: the pause doubles with each of them.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a look at the source may take.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the proof of a new login may take.</summary>
    public TimeSpan ProofTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many connections the new pool opens before it takes the other's place, at least one. As many as are in use at once, and no request waits for
    /// a login. A <see cref="RotatingClient{T}"/> has no use for it.
    /// </summary>
    public int WarmConnections { get; init; } = 1;

    /// <summary>
    /// What each of <see cref="WarmConnections"/> does before the new pool takes the other's place. A server process that has just begun has met no table yet, and its
    /// first statement takes many times as long as the next: run the statements here that requests wait for, in a way that changes nothing. What it throws is
    /// no reason against the login, and is ignored. A <see cref="RotatingClient{T}"/> has no use for it.
    /// </summary>
    public Func<DbConnection, CancellationToken, Task>? WarmUp { get; init; }

    /// <summary>How long the old pool may take to drain; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes. What is in use then stays in use, but the pool is disposed.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a login that was adopted before the source names it is kept. A rotation publishes first and writes the store then; if it never does, the
    /// pool returns to what the source says.
    /// </summary>
    public TimeSpan AnnouncementLifetime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Told of each new login, the first included. On any thread; what it throws is ignored.</summary>
    public Action<PoolAdoption>? Adopted { get; init; }

    /// <summary>Told of each failed look at the source. On any thread; what it throws is ignored.</summary>
    public Action<PoolFailure>? Failed { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(WarmConnections, 1, nameof(WarmConnections));
        if (PollInterval != Timeout.InfiniteTimeSpan)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(PollInterval, TimeSpan.Zero, nameof(PollInterval));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBackOff, PollInterval, nameof(MaxBackOff));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ReadTimeout, TimeSpan.Zero, nameof(ReadTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ProofTimeout, TimeSpan.Zero, nameof(ProofTimeout));
        if (DrainTimeout != Timeout.InfiniteTimeSpan)
            ArgumentOutOfRangeException.ThrowIfLessThan(DrainTimeout, TimeSpan.Zero, nameof(DrainTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(AnnouncementLifetime, TimeSpan.Zero, nameof(AnnouncementLifetime));
        ArgumentNullException.ThrowIfNull(TimeProvider, nameof(TimeProvider));
    }
}
