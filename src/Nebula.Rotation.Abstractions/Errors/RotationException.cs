namespace Nebula.Rotation;

/// <summary>A failure with a code, and with what to do about it. Its message never holds a password.</summary>
public sealed class RotationException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="code">The reason.</param>
    /// <param name="message">What is true now.</param>
    /// <param name="recommendedAction">What to do next; names the live login where a rotation was under way.</param>
    /// <param name="innerException">The cause; its message must hold no password either.</param>
    public RotationException(RotationErrorCode code, string message, string? recommendedAction = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        RecommendedAction = recommendedAction;
    }

    /// <summary>The reason.</summary>
    public RotationErrorCode Code { get; }

    /// <summary>What to do next, or null.</summary>
    public string? RecommendedAction { get; }
}
