namespace Nebula.Rotation.Engine.Publishing;

/// <summary>What publishers refuse, in one form.</summary>
internal static class TargetFailure
{
    /// <summary>The target as it is does not take a login.</summary>
    public static RotationException Because(string message, string? action = null, Exception? cause = null) =>
        new(RotationErrorCode.PublishFailed, message, action, cause);

    /// <summary>The target makes no sense.</summary>
    public static RotationException Invalid(PublishTarget target, string message, string? action = null) =>
        new(RotationErrorCode.InvalidArgument, $"{target.Kind}: {message}", action);
}
