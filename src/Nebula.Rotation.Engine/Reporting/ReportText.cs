using System.Globalization;

namespace Nebula.Rotation.Engine.Reporting;

/// <summary>Times, durations and commands as the report writes them.</summary>
internal static class ReportText
{
    private static readonly (double Seconds, string Unit)[] Units = [(86400, "d"), (3600, "h"), (60, "min"), (1, "s")];

    /// <summary>Such as 2026-03-01 14:05 UTC: the same for every reader.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>Such as 12 ms, 1.2 s, 3.5 min, 26 h, 12 d.</summary>
    public static string Duration(TimeSpan duration)
    {
        var seconds = Math.Max(0, duration.TotalSeconds);
        if (seconds < 0.9995)
            return string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0} ms");
        // Two days and less in hours: "1 d" would hide half of it.
        var (length, unit) = Units.First(u => seconds >= u.Seconds * (u.Unit == "d" ? 2 : 0.9995));
        var value = seconds / length;
        return string.Create(CultureInfo.InvariantCulture, $"{(value >= 9.95 ? Math.Round(value) : Math.Round(value, 1)):0.#} {unit}");
    }

    /// <summary>Such as 3.5 h ago.</summary>
    public static string Ago(DateTimeOffset time, DateTimeOffset now) => now - time < TimeSpan.FromSeconds(1) ? "just now" : $"{Duration(now - time)} ago";

    /// <summary>Such as 1 credential, 12 credentials.</summary>
    public static string Count(int number, string noun) => $"{number.ToString("N0", CultureInfo.InvariantCulture)} {noun}{(number == 1 ? "" : "s")}";

    /// <summary>A command about a credential, ready to be pasted.</summary>
    public static string Command(string command, DatabaseCredential credential) =>
        $"{command} -Name {Quote(credential.Name)}{(credential.Scope == DatabaseCredential.DefaultScope ? "" : $" -Scope {Quote(credential.Scope)}")}";

    // PowerShell takes each of these for the end of a text in single quotes, and two of them for one.
    private static string Quote(string text) =>
        $"'{string.Concat(text.Select(character => character is '\'' or '\u2018' or '\u2019' or '\u201A' or '\u201B' ? $"{character}{character}" : $"{character}"))}'";
}
