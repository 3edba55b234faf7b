namespace Nebula.Rotation;

/// <summary>How a store's key is replaced, or given to an escrow holder.</summary>
public sealed record StoreKeyRequest
{
    /// <summary>The next key, as the base64 text of 32 bytes; null for one that is drawn, or that NEBULA_STORE_KEY_NEW has.</summary>
    public Secret? NewKey { get; init; }

    /// <summary>The file that the key is written to, sealed for the escrow holder; it must not be there. Null for no escrow.</summary>
    public string? EscrowPath { get; init; }

    /// <summary>The escrow holder's certificate (PEM or DER), with an RSA key; needed with <see cref="EscrowPath"/>.</summary>
    public string? EscrowCertificate { get; init; }
}
