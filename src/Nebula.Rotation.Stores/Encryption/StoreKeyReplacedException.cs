namespace Nebula.Rotation.Stores.Encryption;

/// <summary>
/// Thrown within a store's transaction: another process has replaced the master key since this one read it. The transaction is rolled back, the key is
/// read again, and the work is done once more; never seen outside of the store.
/// </summary>
internal sealed class StoreKeyReplacedException() : Exception("The store's key was replaced.");
