using System.Globalization;
using System.Text.RegularExpressions;

namespace Nebula.Rotation.Stores.Scheduling;

/// <summary>
/// Days of the week and hours of the day in a time zone: <c>Sat,Sun 01:00-05:00</c>. One that ends at or before its beginning ends the day after, and
/// belongs to the day it begins on. Where clocks are put forward, a beginning that does not exist is the moment after the gap; where they are put
/// back, the earlier of two beginnings and the later of two ends count.
/// </summary>
public sealed partial class MaintenanceWindow
{
    private static readonly string[] Names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly bool[] _days;
    private readonly TimeSpan _start;
    private readonly TimeSpan _length;

    private MaintenanceWindow(bool[] days, TimeSpan start, TimeSpan length) => (_days, _start, _length) = (days, start, length);

    /// <summary>Reads one.</summary>
    /// <exception cref="RotationException">InvalidArgument: it is none.</exception>
    public static MaintenanceWindow Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var match = Form().Match(text.Trim());
        if (!match.Success)
            throw NotOne(text, "it needs days and hours");
        var start = ParseTime(text, match.Groups["from"].Value);
        var end = ParseTime(text, match.Groups["to"].Value);
        if (start == TimeSpan.FromDays(1))
            throw NotOne(text, "a day begins at 00:00");
        var length = end - start;
        if (length <= TimeSpan.Zero)
            length += TimeSpan.FromDays(1);
        return new(ParseDays(text, match.Groups["days"].Value), start, length);
    }

    /// <summary>True within one of its times; the end is not part of it.</summary>
    public bool Contains(DateTimeOffset at, TimeZoneInfo zone) => Around(at, zone, 0).Any(range => range.Start <= at && at < range.End);

    /// <summary>The first moment at or after this one that it contains.</summary>
    public DateTimeOffset Next(DateTimeOffset from, TimeZoneInfo zone)
    {
        // A fortnight has each day twice, in case the change of the clocks swallows one.
        var next = Around(from, zone, 15).Where(range => range.End > from).MinBy(range => range.Start);
        return next.Start > from ? next.Start : from;
    }

    private IEnumerable<(DateTimeOffset Start, DateTimeOffset End)> Around(DateTimeOffset at, TimeZoneInfo zone, int days)
    {
        var today = TimeZoneInfo.ConvertTime(at, zone).Date;
        // From the day before: it may reach over midnight, and over two when clocks are put back.
        for (var day = today.AddDays(-2); day <= today.AddDays(days); day = day.AddDays(1))
        {
            if (!_days[(int)day.DayOfWeek])
                continue;
            var range = (Start: ToInstant(day + _start, zone, later: false), End: ToInstant(day + _start + _length, zone, later: true));
            if (range.Start < range.End)
                yield return range;
        }
    }

    private static DateTimeOffset ToInstant(DateTime local, TimeZoneInfo zone, bool later)
    {
        if (zone.IsAmbiguousTime(local))
        {
            var offsets = zone.GetAmbiguousTimeOffsets(local);
            return new(local, later ? offsets.Min() : offsets.Max());
        }

        // In a gap the offset before it counts on into it: that is the moment after the gap by as much as the time lies within it; its first
        // moment is what is meant.
        if (zone.IsInvalidTime(local))
        {
            while (zone.IsInvalidTime(local))
                local = local.AddMinutes(1);
        }

        return new(local, zone.GetUtcOffset(local));
    }

    private static bool[] ParseDays(string text, string days)
    {
        var chosen = new bool[7];
        foreach (var part in days.Split(','))
        {
            if (part == "*")
            {
                Array.Fill(chosen, true);
                continue;
            }

            var ends = part.Split('-');
            var (first, last) = (Day(text, ends[0]), Day(text, ends[^1]));
            if (ends.Length > 2)
                throw NotOne(text, $"'{part}' is no range of days");
            for (var day = first; ; day = (day + 1) % 7)
            {
                chosen[day] = true;
                if (day == last)
                    break;
            }
        }

        return chosen;
    }

    private static int Day(string text, string name) =>
        name.Length >= 3 && Array.FindIndex(Names, known => ((DayOfWeek)Array.IndexOf(Names, known)).ToString().StartsWith(name, StringComparison.OrdinalIgnoreCase)) is var day and >= 0
            ? day
            : throw NotOne(text, $"'{name}' is no day");

    private static TimeSpan ParseTime(string text, string time)
    {
        if (time == "24:00")
            return TimeSpan.FromDays(1);
        return TimeSpan.TryParseExact(time, @"h\:mm", CultureInfo.InvariantCulture, out var parsed) || TimeSpan.TryParseExact(time, @"hh\:mm", CultureInfo.InvariantCulture, out parsed)
            ? parsed
            : throw NotOne(text, $"'{time}' is no time of day");
    }

    private static RotationException NotOne(string text, string why) => new(
        RotationErrorCode.InvalidArgument,
        $"'{text}' is no maintenance window: {why}.",
        "Give days and hours, such as 'Sat,Sun 01:00-05:00', 'Mon-Fri 23:00-02:00' or '* 02:00-04:00'; -TimeZone says where.");

    [GeneratedRegex(@"^(?<days>[A-Za-z*]+(?:[-,][A-Za-z*]+)*)\s+(?<from>\d{1,2}:\d{2})\s*-\s*(?<to>\d{1,2}:\d{2})$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
