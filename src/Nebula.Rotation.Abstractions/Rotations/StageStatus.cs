namespace Nebula.Rotation;

/// <summary>How a stage ended.</summary>
public enum StageStatus
{
    /// <summary>It did what it is for.</summary>
    Succeeded,

    /// <summary>It failed; what follows says what was undone.</summary>
    Failed,

    /// <summary>What it had done was undone.</summary>
    RolledBack,

    /// <summary>It was not needed, or is left for a later run; the message says which.</summary>
    Skipped,
}
