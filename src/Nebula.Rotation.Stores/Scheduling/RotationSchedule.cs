using System.Buffers.Binary;
using Cronos;

namespace Nebula.Rotation.Stores.Scheduling;

/// <summary>When a credential is due: a pure function of what the store knows of it. Bad settings throw InvalidArgument.</summary>
public static class RotationSchedule
{
    /// <summary>The longest jitter that makes sense: one beyond it is a slip of the hand.</summary>
    public static readonly TimeSpan LongestJitter = TimeSpan.FromDays(7);

    /// <summary>Refuses settings that say nothing or contradict each other.</summary>
    public static void Validate(DatabaseCredential credential)
    {
        ArgumentNullException.ThrowIfNull(credential);
        if (credential is { Schedule: not null, RotationInterval: not null })
            throw Bad($"'{credential.Name}' has a schedule and an interval; only one can say when it is due.", "Take one away: -RotationInterval 0, or -Schedule ''.");
        if (credential.Jitter < TimeSpan.Zero || credential.Jitter > LongestJitter)
            throw Bad($"A jitter of {credential.Jitter} is out of range: from 0 to {LongestJitter.TotalDays:0} days.", null);
        _ = Zone(credential);
        _ = Windows(credential);
        if (credential.Schedule is { } text && Parse(text).GetNextOccurrence(DateTimeOffset.UnixEpoch, Zone(credential)) is null)
            throw Bad($"The schedule '{text}' never comes.", "Look at its day and month.");
    }

    /// <summary>When the next rotation is due, or null for only on demand: by interval or schedule, later by the jitter, within a window.</summary>
    public static DateTimeOffset? Next(DatabaseCredential credential)
    {
        ArgumentNullException.ThrowIfNull(credential);
        var due = credential.Schedule is { } text ? Parse(text).GetNextOccurrence(credential.LastRotatedAt, Zone(credential))
            : credential.RotationInterval is { } interval ? credential.LastRotatedAt + interval
            : null;
        if (due is null)
            return null;
        var jittered = due.Value.ToUniversalTime() + (credential.Jitter * Fraction(credential.Id));
        var windows = Windows(credential);
        var zone = Zone(credential);
        return windows.Count == 0 ? jittered : windows.Min(window => window.Next(jittered, zone)).ToUniversalTime();
    }

    /// <summary>True when a scheduled rotation may begin at this time.</summary>
    public static bool IsOpen(DatabaseCredential credential, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(credential);
        var windows = Windows(credential);
        return windows.Count == 0 || windows.Any(window => window.Contains(at, Zone(credential)));
    }

    private static List<MaintenanceWindow> Windows(DatabaseCredential credential) => [.. credential.MaintenanceWindow.Select(MaintenanceWindow.Parse)];

    /// <summary>From 0 up to 1: the id is random, and the same credential has the same share each time, so that nobody is rotated twice as often.</summary>
    private static double Fraction(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes);
        // The last eight bytes; the others hold the version, and in some kinds of ids the time.
        return (BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]) << 8 >> 8) / (double)(1UL << 56);
    }

    private static CronExpression Parse(string text)
    {
        try
        {
            var fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
            return CronExpression.Parse(text, fields == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard);
        }
        catch (CronFormatException exception)
        {
            throw Bad($"'{text}' is no cron expression: {exception.Message}", "Give five fields (minute, hour, day, month, day of the week) such as '0 3 * * Sun', or six with seconds first.");
        }
    }

    private static TimeZoneInfo Zone(DatabaseCredential credential)
    {
        if (credential.TimeZone is not { } name)
            return TimeZoneInfo.Utc;
        try
        {
            return TimeZoneInfo.FindSystemTimeZoneById(name);
        }
        catch (Exception exception) when (exception is TimeZoneNotFoundException or InvalidTimeZoneException or System.Security.SecurityException)
        {
            throw Bad($"This machine knows no time zone '{name}'.", "Give an IANA name such as Europe/Zurich; on Linux the package tzdata has them.");
        }
    }

    private static RotationException Bad(string message, string? action) => new(RotationErrorCode.InvalidArgument, message, action);
}
