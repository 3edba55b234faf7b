namespace Nebula.Rotation;

/// <summary>How loud a message is.</summary>
public enum RotationMessageKind
{
    /// <summary>For -Verbose.</summary>
    Verbose,

    /// <summary>Something to look at; the rotation goes on.</summary>
    Warning,

    /// <summary>Must be said even after the pipeline has been stopped: what was undone, which login is live.</summary>
    Important,
}
