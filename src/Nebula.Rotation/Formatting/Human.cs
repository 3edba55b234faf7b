using System.Globalization;
using System.Management.Automation;

namespace Nebula.Rotation.Module.Formatting;

/// <summary>
/// Times as the views show them. The objects themselves keep their TimeSpan and DateTimeOffset; an object from a file or another session has what became of them
/// on the way, so that anything is taken here.
/// </summary>
public static class Human
{
    private static readonly (double Seconds, string Unit)[] Units = [(86400, "d"), (3600, "h"), (60, "min"), (1, "s")];

    /// <summary>Such as 12 ms, 1.2 s, 3.5 min, 2.0 h.</summary>
    public static string Duration(object? duration)
    {
        if (Plain(duration) is not TimeSpan time)
            return Plain(duration)?.ToString() ?? "";
        var seconds = time.TotalSeconds;
        // The rounding is part of the choice: 59.96 s would read "60.0 s".
        if (Math.Abs(seconds) < 0.9995)
            return string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms");
        var (length, unit) = Units.First(u => Math.Abs(seconds) >= u.Seconds * 0.9995);
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / length:0.0} {unit}");
    }

    /// <summary>Such as "3.0 d ago"; empty for a time that never was.</summary>
    public static string Ago(object? time) => Show(time, at => Ago(at, TimeProvider.System.GetUtcNow()));

    /// <summary>Such as "in 27.0 d" or "overdue 2.0 h"; empty where nothing is due.</summary>
    public static string Due(object? time) => Show(time, at => Due(at, TimeProvider.System.GetUtcNow()));

    /// <summary>The user's own time, to the second.</summary>
    public static string When(object? time) => When(time, "yyyy-MM-dd HH:mm:ss");

    /// <summary>The user's own time.</summary>
    public static string When(object? time, string format) =>
        Show(time, at => at == default ? "" : at.LocalDateTime.ToString(format, CultureInfo.InvariantCulture));

    /// <summary>An enum's word, also of one that was written out and is a number with a name now.</summary>
    public static string Text(PSObject? value) => value?.ToString() ?? "";

    internal static string Ago(DateTimeOffset time, DateTimeOffset now) =>
        time == default ? "" : now - time < TimeSpan.FromSeconds(1) ? "now" : $"{Duration(now - time)} ago";

    internal static string Due(DateTimeOffset? time, DateTimeOffset now) =>
        time is not { } due ? "" : due > now ? $"in {Duration(due - now)}" : $"overdue {Duration(now - due)}";

    private static string Show(object? time, Func<DateTimeOffset, string> show) => Plain(time) switch
    {
        null => "",
        DateTimeOffset at => show(at),
        DateTime at => show(at),
        var other => other.ToString() ?? "",
    };

    private static object? Plain(object? value)
    {
        // A DateTimeOffset that was written out with its properties, or as a text alone.
        if (value is PSObject { BaseObject: PSCustomObject } written && written.Properties["UtcDateTime"]?.Value is DateTime utc)
            return new DateTimeOffset(DateTime.SpecifyKind(utc, DateTimeKind.Utc));
        var plain = value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
        if (plain is not (string or PSObject))
            return plain;
        var text = plain.ToString();
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var at)
            || DateTimeOffset.TryParse(text, CultureInfo.CurrentCulture, DateTimeStyles.AssumeLocal, out at)
            ? at
            : text;
    }
}
