using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>What a new record is made from.</summary>
internal sealed record PrepareInput
{
    public required LeaseKeeper Lease { get; init; }

    public required DatabaseCredential Credential { get; init; }

    public required RotationRequest Request { get; init; }

    public required IRotationObserver Observer { get; init; }

    public required RotationSettings Settings { get; init; }

    public required CancellationToken Stop { get; init; }

    /// <summary>The record to reverse, with its document, or null for a rotation.</summary>
    public (RotationRecord Record, RotationDocument Document)? Reverses { get; init; }

    /// <summary>True when that record had begun to take the old login's password away.</summary>
    public bool PasswordWasTaken { get; init; }
}
