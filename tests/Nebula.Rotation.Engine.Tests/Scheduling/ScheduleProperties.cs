using CsCheck;
using Nebula.Rotation.Stores.Scheduling;

namespace Nebula.Rotation.Engine.Tests.Scheduling;

/// <summary>What holds for every schedule.</summary>
public sealed class ScheduleProperties
{
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] Days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    private static readonly string?[] Zones = [null, "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];

    private static readonly Gen<string> Windows =
        from first in Gen.Int[0, 6]
        from last in Gen.Int[0, 6]
        from start in Gen.Int[0, 1439]
        from end in Gen.Int[0, 1439]
        select $"{Days[first]}-{Days[last]} {start / 60:00}:{start % 60:00}-{end / 60:00}:{end % 60:00}";

    private static readonly Gen<DatabaseCredential> Credentials =
        from hours in Gen.Int[1, 2000]
        from minutes in Gen.Int[0, 60 * 24 * 900]
        from jitter in Gen.Int[0, 7 * 24]
        from windows in Windows.Array[0, 3]
        from zone in Gen.Int[0, Zones.Length - 1]
        from id in Gen.Guid
        select new DatabaseCredential
        {
            Id = id,
            Name = "app",
            DatabaseType = DatabaseType.Redis,
            HostName = ["db1"],
            Port = 6379,
            Database = "0",
            Username = "app",
            LastRotatedAt = Epoch.AddMinutes(minutes),
            RotationInterval = TimeSpan.FromHours(hours),
            MaintenanceWindow = windows,
            TimeZone = Zones[zone],
            Jitter = TimeSpan.FromHours(jitter),
        };

    [Fact]
    public void It_is_never_due_before_its_interval_and_always_within_a_window() => Credentials.Sample(credential =>
    {
        var next = RotationSchedule.Next(credential)!.Value;
        var early = credential.LastRotatedAt + credential.RotationInterval!.Value;
        Assert.True(next >= early, $"{next:u} is before {early:u}");
        Assert.True(RotationSchedule.IsOpen(credential, next), $"{next:u} is outside of {string.Join("; ", credential.MaintenanceWindow)}");
        Assert.True(next <= early + credential.Jitter + TimeSpan.FromDays(15), $"{next:u} is long after {early:u}");
        Assert.Equal(TimeSpan.Zero, next.Offset);
    });

    [Fact]
    public void Nothing_before_the_moment_given_was_open_after_its_due_time() => Credentials.Sample(
        credential =>
        {
            var plain = RotationSchedule.Next(credential with { MaintenanceWindow = [] })!.Value;
            var next = RotationSchedule.Next(credential)!.Value;
            for (var at = plain; at < next; at = at.AddMinutes(7))
                Assert.False(RotationSchedule.IsOpen(credential, at), $"{at:u} was open, and {next:u} was given");
        },
        iter: 60);
}
