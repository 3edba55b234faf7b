namespace Nebula.Rotation.Module.Pipeline;

/// <summary>The credential that a command is about, by name; names compare without regard to case, as the store compares them.</summary>
internal sealed record CredentialTarget(string Name, string Scope)
{
    /// <summary>The rotation that is meant, or null for the credential's newest.</summary>
    public Guid? RotationId { get; init; }

    /// <summary>What is to be done with it in a run by a schedule.</summary>
    public DueAction Action { get; init; }

    public bool Equals(CredentialTarget? other) =>
        other is not null
        && string.Equals(Name, other.Name, StringComparison.OrdinalIgnoreCase)
        && string.Equals(Scope, other.Scope, StringComparison.Ordinal)
        && RotationId == other.RotationId;

    public override int GetHashCode() =>
        HashCode.Combine(StringComparer.OrdinalIgnoreCase.GetHashCode(Name), StringComparer.Ordinal.GetHashCode(Scope), RotationId);

    public override string ToString() => Name;

    public bool Names(DatabaseCredential credential) =>
        string.Equals(Name, credential.Name, StringComparison.OrdinalIgnoreCase) && string.Equals(Scope, credential.Scope, StringComparison.Ordinal);
}
