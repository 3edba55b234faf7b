using System.Globalization;

namespace Nebula.Rotation.Module.Formatting;

/// <summary>Times as the table views show them. The objects themselves keep their TimeSpan and DateTimeOffset.</summary>
public static class Human
{
    private static readonly (double Seconds, string Unit)[] Units = [(86400, "d"), (3600, "h"), (60, "min"), (1, "s")];

    /// <summary>Such as 12 ms, 1.2 s, 3.5 min, 2.0 h.</summary>
    public static string Duration(TimeSpan? duration)
    {
        if (duration is not { } time)
            return "";
        var seconds = time.TotalSeconds;
        // The rounding is part of the choice: 59.96 s would read "60.0 s".
        if (Math.Abs(seconds) < 0.9995)
            return string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms");
        var (length, unit) = Units.First(u => Math.Abs(seconds) >= u.Seconds * 0.9995);
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / length:0.0} {unit}");
    }

    /// <summary>Such as "3.0 d ago"; empty for a time that never was.</summary>
    public static string Ago(DateTimeOffset time) => Ago(time, TimeProvider.System.GetUtcNow());

    /// <summary>Such as "in 27.0 d" or "overdue 2.0 h"; empty where nothing is due.</summary>
    public static string Due(DateTimeOffset? time) => Due(time, TimeProvider.System.GetUtcNow());

    internal static string Ago(DateTimeOffset time, DateTimeOffset now) =>
        time == default ? "" : now - time < TimeSpan.FromSeconds(1) ? "now" : $"{Duration(now - time)} ago";

    internal static string Due(DateTimeOffset? time, DateTimeOffset now) =>
        time is not { } due ? "" : due > now ? $"in {Duration(due - now)}" : $"overdue {Duration(now - due)}";
}
