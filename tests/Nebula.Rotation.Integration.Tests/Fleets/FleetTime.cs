namespace Nebula.Rotation.Integration.Tests.Fleets;

/// <summary>Later than the interval of what was stored just now, so that all of it is due, and once rotated not due again.</summary>
internal sealed class FleetTime : TimeProvider
{
    public static readonly TimeSpan Interval = TimeSpan.FromDays(1);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Interval + TimeSpan.FromHours(1);
}
