using System.Globalization;
using System.Management.Automation;

namespace Nebula.Rotation.Module.Binding;

/// <summary>Takes how many rotations (50) or how long a time (30d, 12h, a TimeSpan): a number without a unit is a count here.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class HistoryAttribute : ArgumentTransformationAttribute
{
    private static readonly DurationAttribute Duration = new();

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        switch (value)
        {
            case null or HistoryLimit:
                return value;
            case byte or short or int or long:
                return Count(Convert.ToInt64(value, CultureInfo.InvariantCulture));
            case string text when long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number):
                return Count(number);
            case string or TimeSpan or decimal:
                return new HistoryLimit { Duration = (TimeSpan?)Duration.Transform(engineIntrinsics, inputData) };
            default:
                throw NotALimit(value);
        }
    }

    private static HistoryLimit Count(long count) => count is > 0 and <= int.MaxValue ? new() { Count = (int)count } : throw NotALimit(count);

    private static ArgumentTransformationMetadataException NotALimit(object given) =>
        new($"'{given}' is neither a number of rotations, such as 50, nor a time, such as 30d.");
}
