namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>How the drain ended.</summary>
internal enum DrainOutcome
{
    /// <summary>No session of the old login is left, and none came for the quiet time.</summary>
    Drained,

    /// <summary>Sessions are left and are to be ended.</summary>
    EndSessions,

    /// <summary>Sessions are left, and nobody is to be cut off: a later run goes on.</summary>
    Kept,

    /// <summary>Sessions are left, and the old login is to be live again.</summary>
    RollBack,
}
