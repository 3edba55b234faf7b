namespace Nebula.Rotation.Pooling.Tests;

/// <summary>A clock without waiting: a timer rings when a test says so, and its time is noted.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<TimeSpan> _pauses = [];
    private Timer? _waiting;
    private TimeSpan _elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>All pauses that were asked for, in their order.</summary>
    public IReadOnlyList<TimeSpan> Pauses
    {
        get
        {
            lock (_gate)
                return [.. _pauses];
        }
    }

    public override long GetTimestamp() => _elapsed.Ticks;

    public void Advance(TimeSpan time) => _elapsed += time;

    /// <summary>Waits for the next pause, and ends it.</summary>
    public async Task RingAsync()
    {
        await Eventually.HoldsAsync(() => Volatile.Read(ref _waiting) is not null, "a pause");
        Interlocked.Exchange(ref _waiting, null)!.Ring();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (_gate)
            _pauses.Add(dueTime);
        var timer = new Timer(callback, state);
        Volatile.Write(ref _waiting, timer);
        return timer;
    }

    private sealed class Timer(TimerCallback callback, object? state) : ITimer
    {
        public void Ring() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
