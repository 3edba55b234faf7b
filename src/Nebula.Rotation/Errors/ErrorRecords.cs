using System.Management.Automation;

namespace Nebula.Rotation.Module.Errors;

/// <summary>Makes error records, all of one shape: id <c>Nebula.Code</c>, a true category, the credential's name as target, what to do next.</summary>
internal static class ErrorRecords
{
    private const string UnexpectedId = "Nebula.Unexpected";

    /// <param name="exception">What was thrown.</param>
    /// <param name="target">The credential's name, or what stands for it; null where none is at hand.</param>
    public static ErrorRecord ToErrorRecord(this Exception exception, string? target) =>
        exception is RotationException rotation ? Known(rotation, target) : Unknown(exception, target);

    /// <summary>The failure in a sentence or two, for where no error record can be written.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        RotationException { RecommendedAction: { } action } rotation => $"{rotation.Message} {action}",
        RotationException rotation => rotation.Message,
        _ => $"Unexpected {exception.GetType().Name}: {exception.Message}",
    };

    private static ErrorRecord Known(RotationException exception, string? target) =>
        new(exception, $"Nebula.{exception.Code}", ErrorCategories.Of(exception.Code), target)
        {
            ErrorDetails = new ErrorDetails(exception.Message) { RecommendedAction = string.IsNullOrEmpty(exception.RecommendedAction) ? Advice.For(exception.Code) : exception.RecommendedAction },
        };

    // The exception stays what it is, with its stack: a defect is reported as one and never dressed up as a code of ours.
    private static ErrorRecord Unknown(Exception exception, string? target) =>
        new(exception, UnexpectedId, ErrorCategory.NotSpecified, target)
        {
            ErrorDetails = new ErrorDetails(Describe(exception))
            {
                RecommendedAction = "This was not foreseen: please report it. If a rotation was under way, Get-NebulaRotation shows where it stands and Resume-NebulaRotation finishes it.",
            },
        };
}
