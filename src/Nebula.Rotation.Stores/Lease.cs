namespace Nebula.Rotation.Stores;

/// <summary>The right to rotate a credential, for a time.</summary>
/// <param name="CredentialId">The credential.</param>
/// <param name="Owner">Who holds it: machine, process, and a random part.</param>
/// <param name="Fence">Grows by one each time the lease is taken; a write with a smaller number is refused.</param>
public sealed record Lease(Guid CredentialId, string Owner, long Fence);
