namespace Nebula.Rotation;

/// <summary>How a store's key is brought back.</summary>
public sealed record StoreKeyImport
{
    /// <summary>The escrow file; or a file with the key itself, which only its owner can read.</summary>
    public required string Path { get; init; }

    /// <summary>The escrow holder's certificate with its private key (PEM or PKCS #12); null for a file that is not sealed.</summary>
    public string? Certificate { get; init; }

    /// <summary>The password of the private key, or null.</summary>
    public Secret? CertificatePassword { get; init; }
}
