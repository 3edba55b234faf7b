namespace Nebula.Rotation.Integration.Tests.Fleets;

/// <summary>A clock behind by more than the interval: what is stored by it is due by the true one, and once rotated not due again.</summary>
internal sealed class FleetTime : TimeProvider
{
    public static readonly TimeSpan Interval = TimeSpan.FromDays(1);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - Interval - TimeSpan.FromHours(1);
}
