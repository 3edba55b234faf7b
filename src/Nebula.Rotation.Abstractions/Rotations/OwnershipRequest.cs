namespace Nebula.Rotation;

/// <summary>What a change of owner is asked to do.</summary>
public sealed class OwnershipRequest
{
    /// <summary>The credential's name.</summary>
    public required string Name { get; init; }

    /// <summary>The credential's scope.</summary>
    public string Scope { get; init; } = DatabaseCredential.DefaultScope;

    /// <summary>The owner role; null takes the one of an earlier conversion, else the credential's name with <c>_owner</c>.</summary>
    public string? Owner { get; init; }

    /// <summary>The admin login of this run; null takes the stored one.</summary>
    public Login? Admin { get; init; }

    /// <summary>Back again: from the owner role to the login that is live.</summary>
    public bool Undo { get; init; }
}
