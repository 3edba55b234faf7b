using System.Security.Cryptography;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>The keys that an open store has in memory: its master key, and the data keys of the scopes used so far. Zeroed on dispose.</summary>
internal sealed class KeyRing : IDisposable
{
    private readonly byte[] _master;
    private readonly Guid _storeId;
    private readonly Dictionary<long, byte[]> _scopes = [];
    private byte[]? _audit;

    /// <param name="master">The master key; owned by the ring from now on.</param>
    /// <param name="storeId">The store it belongs to.</param>
    public KeyRing(byte[] master, Guid storeId)
    {
        _master = master;
        _storeId = storeId;
    }

    /// <summary>A value by which a later open tells whether it has the same key.</summary>
    public byte[] MakeKeyCheck() => SealedBox.Seal(_master, _storeId.ToByteArray(), AssociatedData.KeyCheck(_storeId));

    public bool Matches(byte[] keyCheck)
    {
        try
        {
            return SealedBox.Open(_master, keyCheck, AssociatedData.KeyCheck(_storeId)).AsSpan().SequenceEqual(_storeId.ToByteArray());
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>A new data key, wrapped; it is used only once it has come back from the store.</summary>
    public byte[] MakeScopeKey(string foldedScope)
    {
        Span<byte> key = stackalloc byte[SealedBox.KeySize];
        RandomNumberGenerator.Fill(key);
        var wrapped = SealedBox.Seal(_master, key, AssociatedData.ScopeKey(_storeId, foldedScope));
        CryptographicOperations.ZeroMemory(key);
        return wrapped;
    }

    /// <summary>The data key of a scope, if it was unwrapped before; it stays the ring's.</summary>
    public byte[]? FindScopeKey(long scopeId) => _scopes.GetValueOrDefault(scopeId);

    /// <exception cref="CryptographicException">The wrapped key is not this scope's.</exception>
    public byte[] UnwrapScopeKey(long scopeId, string foldedScope, byte[] wrapped)
    {
        var key = SealedBox.Open(_master, wrapped, AssociatedData.ScopeKey(_storeId, foldedScope));
        if (_scopes.Remove(scopeId, out var former))
            CryptographicOperations.ZeroMemory(former);
        return _scopes[scopeId] = key;
    }

    /// <summary>A new key for the audit trail, wrapped; it is used only once it has come back from the store.</summary>
    public byte[] MakeAuditKey()
    {
        Span<byte> key = stackalloc byte[SealedBox.KeySize];
        RandomNumberGenerator.Fill(key);
        var wrapped = SealedBox.Seal(_master, key, AssociatedData.AuditKey(_storeId));
        CryptographicOperations.ZeroMemory(key);
        return wrapped;
    }

    /// <exception cref="CryptographicException">The wrapped key is not this store's.</exception>
    public byte[] UnwrapAuditKey(byte[] wrapped)
    {
        CryptographicOperations.ZeroMemory(_audit);
        return _audit = SealedBox.Open(_master, wrapped, AssociatedData.AuditKey(_storeId));
    }

    /// <summary>The audit trail's key, if it was unwrapped before; it stays the ring's.</summary>
    public byte[]? FindAuditKey() => _audit;

    public byte[] SealAuditHead(ReadOnlySpan<byte> head) => SealedBox.Seal(_audit, head, AssociatedData.AuditHead(_storeId));

    /// <exception cref="CryptographicException">The head was changed.</exception>
    public byte[] OpenAuditHead(byte[] box) => SealedBox.Open(_audit, box, AssociatedData.AuditHead(_storeId));

    /// <summary>Drops a key whose scope was not committed: its id may come back with another one.</summary>
    public void ForgetScopes()
    {
        foreach (var key in _scopes.Values)
            CryptographicOperations.ZeroMemory(key);
        _scopes.Clear();
        CryptographicOperations.ZeroMemory(_audit);
        _audit = null;
    }

    public void Dispose()
    {
        ForgetScopes();
        CryptographicOperations.ZeroMemory(_master);
    }
}
