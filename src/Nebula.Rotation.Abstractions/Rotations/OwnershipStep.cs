namespace Nebula.Rotation;

/// <summary>What a line about a change of owner is about.</summary>
public enum OwnershipStep
{
    /// <summary>The owner role was made, given what it lacked, or put away.</summary>
    OwnerRole,

    /// <summary>An object has another owner.</summary>
    Move,

    /// <summary>The end of it all.</summary>
    Result,
}
