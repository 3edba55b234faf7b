namespace Nebula.Rotation;

/// <summary>A credential for which there is something to do now.</summary>
public sealed record DueCredential
{
    /// <summary>The credential.</summary>
    public required DatabaseCredential Credential { get; init; }

    /// <summary>What is to be done.</summary>
    public required DueAction Action { get; init; }

    /// <summary>The rotation to finish, or null.</summary>
    public Guid? RotationId { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public required string Reason { get; init; }
}
