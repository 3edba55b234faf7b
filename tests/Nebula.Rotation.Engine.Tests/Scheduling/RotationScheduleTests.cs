using System.Globalization;
using Nebula.Rotation.Stores.Scheduling;

namespace Nebula.Rotation.Engine.Tests.Scheduling;

/// <summary>When a credential is due.</summary>
public sealed class RotationScheduleTests
{
    private static readonly DatabaseCredential Bare = new()
    {
        Id = Guid.Parse("11111111-2222-4333-8444-555555555555"),
        Name = "app",
        DatabaseType = DatabaseType.PostgreSql,
        HostName = ["db1"],
        Port = 5432,
        Database = "app",
        Username = "app",
        LastRotatedAt = Time("2026-11-27T12:00Z"),
    };

    [Fact]
    public void Without_interval_and_schedule_it_is_rotated_on_demand_only() => Assert.Null(RotationSchedule.Next(Bare with { MaintenanceWindow = ["* 01:00-02:00"] }));

    [Fact]
    public void A_new_credential_waits_for_its_first_interval() =>
        Assert.Equal(Time("2026-12-27T12:00Z"), RotationSchedule.Next(Bare with { RotationInterval = TimeSpan.FromDays(30) }));

    [Theory]
    [InlineData("0 3 * * Sun", null, "2026-11-29T03:00Z")]
    [InlineData("0 3 * * Sun", "Europe/Zurich", "2026-11-29T02:00Z")]
    [InlineData("30 0 12 * * *", null, "2026-11-27T12:00:30Z")]
    [InlineData("30 2 29 3 *", "Europe/Zurich", "2027-03-29T00:30Z")]
    public void A_cron_expression_says_when(string schedule, string? zone, string next) =>
        Assert.Equal(Time(next), RotationSchedule.Next(Bare with { Schedule = schedule, TimeZone = zone }));

    [Fact]
    public void The_window_that_comes_first_moves_it_to_its_beginning() => Assert.Equal(
        // The interval ends on a Monday; Wednesday comes before Saturday.
        Time("2026-12-02T09:00Z"),
        RotationSchedule.Next(Bare with { RotationInterval = TimeSpan.FromDays(3), MaintenanceWindow = ["Sat 01:00-05:00", "Wed 09:00-09:10"] }));

    [Fact]
    public void The_jitter_is_the_same_each_time_and_differs_between_credentials()
    {
        var with = Bare with { RotationInterval = TimeSpan.FromDays(1), Jitter = TimeSpan.FromHours(2) };
        var plain = Time("2026-11-28T12:00Z");
        var all = Enumerable.Range(0, 200).Select(_ => RotationSchedule.Next(with with { Id = Guid.NewGuid() })!.Value - plain).ToList();
        Assert.All(all, late => Assert.InRange(late, TimeSpan.Zero, TimeSpan.FromHours(2)));
        Assert.True(all.Distinct().Count() > 190);
        // Spread over the whole range: each quarter has some.
        Assert.Equal(4, all.Select(late => (int)(late / TimeSpan.FromMinutes(30.0001))).Distinct().Count());
        Assert.Equal(RotationSchedule.Next(with), RotationSchedule.Next(with));
    }

    public static TheoryData<string, DatabaseCredential> Refused => new()
    {
        { "only one can say", Bare with { Schedule = "0 3 * * *", RotationInterval = TimeSpan.FromDays(1) } },
        { "no cron expression", Bare with { Schedule = "every day" } },
        { "never comes", Bare with { Schedule = "0 0 31 2 *" } },
        { "no time zone 'Mars/Olympus'", Bare with { TimeZone = "Mars/Olympus" } },
        { "no maintenance window", Bare with { MaintenanceWindow = ["* 01:00-02:00", "weekends"] } },
        { "jitter", Bare with { Jitter = TimeSpan.FromDays(8) } },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void What_says_nothing_is_refused(string why, DatabaseCredential credential)
    {
        var exception = Assert.Throws<RotationException>(() => RotationSchedule.Validate(credential));
        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
        Assert.Contains(why, exception.Message, StringComparison.Ordinal);
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
