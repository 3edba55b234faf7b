namespace Nebula.Rotation;

/// <summary>What was done with a store's key. Holds no key.</summary>
public sealed record StoreKeyChange
{
    /// <summary>Where the store is.</summary>
    public required string Store { get; init; }

    /// <summary>What was done.</summary>
    public required AuditAction Action { get; init; }

    /// <summary>Where the key comes from, in words.</summary>
    public required string KeySource { get; init; }

    /// <summary>What names the key: a hash of it, which the audit trail has, too.</summary>
    public required string KeyId { get; init; }

    /// <summary>What named the key before, or null where it was not replaced.</summary>
    public string? FormerKeyId { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How many scopes' keys were wrapped anew.</summary>
    public int Scopes { get; init; }

    /// <summary>The escrow file, or null.</summary>
    public string? EscrowPath { get; init; }

    /// <summary>Subject and SHA-256 thumbprint of the escrow holder's certificate, or null.</summary>
    public string? EscrowHolder { get; init; }

    /// <summary>What is true now, and what to do next.</summary>
    public required string Message { get; init; }
}
