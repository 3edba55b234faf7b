using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>An open store, for whoever moves what is in it.</summary>
internal sealed record StoreContent(IStoreDatabase Database, KeyRing Keys, ScopeTable Scopes, AuditTable Audit);
