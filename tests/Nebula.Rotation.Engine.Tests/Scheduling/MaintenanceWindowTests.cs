using Nebula.Rotation.Stores.Scheduling;

namespace Nebula.Rotation.Engine.Tests.Scheduling;

/// <summary>Days and hours, over midnight and over the change of the clocks.</summary>
public sealed class MaintenanceWindowTests
{
    private static readonly TimeZoneInfo Zurich = TimeZoneInfo.FindSystemTimeZoneById("Europe/Zurich");

    [Theory]
    [InlineData("Sat,Sun 01:00-05:00", "2026-11-28T01:00Z", true)] // a Saturday
    [InlineData("Sat,Sun 01:00-05:00", "2026-11-28T00:59Z", false)]
    [InlineData("Sat,Sun 01:00-05:00", "2026-11-28T05:00Z", false)]
    [InlineData("Sat,Sun 01:00-05:00", "2026-11-27T02:00Z", false)]
    [InlineData("Fri 23:00-02:00", "2026-11-28T01:59Z", true)] // belongs to Friday
    [InlineData("Fri 23:00-02:00", "2026-11-27T01:00Z", false)]
    [InlineData("Mon-Fri 9:30-10:00", "2026-11-27T09:45Z", true)]
    [InlineData("Fri-Mon 00:00-24:00", "2026-11-29T12:00Z", true)] // over the end of the week
    [InlineData("Fri-Mon 00:00-24:00", "2026-12-01T12:00Z", false)]
    [InlineData("* 02:00-02:00", "2026-11-27T01:59Z", true)] // a whole day long
    [InlineData("sunday, 01:00-02:00", "", null)]
    [InlineData("Sat 25:00-26:00", "", null)]
    [InlineData("Sat 24:00-01:00", "", null)]
    [InlineData("Someday 01:00-02:00", "", null)]
    [InlineData("Sat", "", null)]
    [InlineData("", "", null)]
    [InlineData("Mo 01:00-02:00", "", null)]
    [InlineData("Mon-Tue-Wed 01:00-02:00", "", null)]
    public void A_window_contains_its_hours_and_what_is_none_is_refused(string text, string at, bool? contains)
    {
        if (contains is not { } expected)
        {
            var exception = Assert.Throws<RotationException>(() => MaintenanceWindow.Parse(text));
            Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
            Assert.Contains("'Sat,Sun 01:00-05:00'", exception.RecommendedAction, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(expected, MaintenanceWindow.Parse(text).Contains(Time(at), TimeZoneInfo.Utc));
    }

    [Theory]
    [InlineData("Sat 01:00-05:00", "2026-11-27T12:00Z", "2026-11-28T01:00Z")]
    [InlineData("Sat 01:00-05:00", "2026-11-28T03:00Z", "2026-11-28T03:00Z")]
    [InlineData("Sat 01:00-05:00", "2026-11-28T05:00Z", "2026-12-05T01:00Z")]
    [InlineData("Fri 23:00-02:00", "2026-11-28T01:00Z", "2026-11-28T01:00Z")]
    public void The_next_moment_within_it_is_now_or_its_next_beginning(string text, string from, string next) =>
        Assert.Equal(Time(next), MaintenanceWindow.Parse(text).Next(Time(from), TimeZoneInfo.Utc));

    [Fact]
    public void A_beginning_that_the_clocks_leap_over_is_the_moment_after_the_leap()
    {
        // On 2026-03-29 02:00 becomes 03:00 in Zurich, which is 01:00 UTC.
        var window = MaintenanceWindow.Parse("Sun 02:30-04:00");
        Assert.Equal(Time("2026-03-29T01:00Z"), window.Next(Time("2026-03-28T12:00Z"), Zurich));
        Assert.True(window.Contains(Time("2026-03-29T01:59Z"), Zurich));
        Assert.False(window.Contains(Time("2026-03-29T02:00Z"), Zurich));
    }

    [Fact]
    public void A_window_that_lies_in_the_leap_is_left_out_that_day()
    {
        var window = MaintenanceWindow.Parse("Sun 02:10-02:50");
        Assert.Equal(Time("2026-04-05T00:10Z"), window.Next(Time("2026-03-28T12:00Z"), Zurich));
    }

    [Fact]
    public void An_hour_that_comes_twice_belongs_to_it_both_times()
    {
        // On 2026-10-25 03:00 becomes 02:00 in Zurich: 02:30 is 00:30 and 01:30 UTC.
        var window = MaintenanceWindow.Parse("Sun 02:15-02:45");
        Assert.True(window.Contains(Time("2026-10-25T00:15Z"), Zurich));
        Assert.True(window.Contains(Time("2026-10-25T01:44Z"), Zurich));
        Assert.False(window.Contains(Time("2026-10-25T01:45Z"), Zurich));
        Assert.False(window.Contains(Time("2026-10-25T00:14Z"), Zurich));
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
