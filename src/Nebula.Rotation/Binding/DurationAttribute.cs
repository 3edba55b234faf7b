using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace Nebula.Rotation.Module.Binding;

/// <summary>
/// Takes a TimeSpan, a number of seconds, or text such as 90s, 5m, 24h, 30d. PowerShell alone would read the number 90 as ticks, the text
/// "90" as days, and 30d as the decimal number 30.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed partial class DurationAttribute : ArgumentTransformationAttribute
{
    // A century: beyond it is a slip of the hand, and adding it to a date could leave the calendar.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36525);

    private static readonly Dictionary<string, double> SecondsByUnit = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ms"] = 0.001, [""] = 1, ["s"] = 1, ["m"] = 60, ["h"] = 3600, ["d"] = 86400, ["w"] = 7 * 86400,
    };

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        // PowerShell reads a bare 30d as the decimal number 30, and keeps the letters it was written with where it stood on the command line.
        if (value is decimal)
            value = LanguagePrimitives.ConvertTo<string>(inputData) is { } written && written.EndsWith('d') ? written : throw Ambiguous(value);
        var duration = value switch
        {
            null => (TimeSpan?)null,
            TimeSpan time => time,
            string text => Parse(text),
            byte or short or int or long or uint or ulong or float or double =>
                FromSeconds(Convert.ToDouble(value, CultureInfo.InvariantCulture), value),
            _ => throw NotADuration(value),
        };
        return duration < TimeSpan.Zero || duration > Longest ? throw NotADuration(value) : duration;
    }

    private static TimeSpan Parse(string text)
    {
        text = text.Trim();
        // The form a TimeSpan prints itself in; it cannot be taken for a number.
        if (text.Contains(':') && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time))
            return time;
        var match = NumberAndUnit().Match(text);
        return match.Success
            ? FromSeconds(double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) * SecondsByUnit[match.Groups[2].Value], text)
            : throw NotADuration(text);
    }

    private static TimeSpan FromSeconds(double seconds, object given) =>
        Math.Abs(seconds) <= Longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : throw NotADuration(given);

    private static ArgumentTransformationMetadataException NotADuration(object? given) => new(
        $"'{given}' is no duration. Give a TimeSpan, a number of seconds, or a number with a unit: 90s, 5m, 24h, 30d.");

    // Thirty seconds where thirty days were meant would rotate without end.
    private static ArgumentTransformationMetadataException Ambiguous(object given) => new(
        $"{given} is a decimal number, which PowerShell also makes of {given}d. Put the duration in quotes, as '{given}d' or '{given}s', or give a TimeSpan.");

    [GeneratedRegex(@"^(\d+(?:\.\d+)?)\s*(ms|[smhdw]?)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NumberAndUnit();
}
