namespace Nebula.Rotation.Stores;

/// <summary>What a journal entry says about its step.</summary>
public enum JournalPhase
{
    /// <summary>The step is about to touch something.</summary>
    Intent,

    /// <summary>The step has happened.</summary>
    Done,

    /// <summary>The step has been taken back.</summary>
    Undone,
}
