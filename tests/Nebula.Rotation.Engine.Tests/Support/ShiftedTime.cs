namespace Nebula.Rotation.Engine.Tests.Support;

/// <summary>The system's time, moved forward on demand: timers run as ever, leases and retentions end when a test says so.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private TimeSpan _shift;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _shift;

    public void Advance(TimeSpan by) => _shift += by;
}
