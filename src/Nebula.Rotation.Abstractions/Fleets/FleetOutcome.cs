namespace Nebula.Rotation;

/// <summary>How a run over many ended for one credential.</summary>
public enum FleetOutcome
{
    /// <summary>The new login is live, and the old one is put away or kept as asked.</summary>
    Rotated,

    /// <summary>The new login is live; the old one still has to be drained and retired.</summary>
    Draining,

    /// <summary>It failed, and the old login is live or the record says what is left to do.</summary>
    Failed,

    /// <summary>It was not begun.</summary>
    Skipped,

    /// <summary>It was stopped on request.</summary>
    Stopped,
}
