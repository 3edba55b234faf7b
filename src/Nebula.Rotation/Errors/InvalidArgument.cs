namespace Nebula.Rotation.Module.Errors;

/// <summary>What a cmdlet refuses before it asks the engine.</summary>
internal static class InvalidArgument
{
    public static RotationException Because(string message, string? recommendedAction = null) =>
        new(RotationErrorCode.InvalidArgument, message, recommendedAction);
}
