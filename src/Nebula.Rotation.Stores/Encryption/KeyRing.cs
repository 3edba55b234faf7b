using System.Security.Cryptography;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>The keys that an open store has in memory: its master key, and the data keys of the scopes used so far. Zeroed on dispose.</summary>
internal sealed class KeyRing : IDisposable
{
    // A sealed box begins with another byte.
    private const byte OwnFormat = 2;

    private readonly Guid _storeId;
    private readonly Dictionary<long, byte[]> _scopes = [];
    private byte[] _master;
    private readonly object _gate = new();
    private byte[]? _audit;

    /// <param name="storeId">The store that the keys belong to. The ring has no key before one is used.</param>
    public KeyRing(Guid storeId)
        : this([], storeId)
    {
    }

    /// <param name="master">The master key; owned by the ring from now on.</param>
    /// <param name="storeId">The store it belongs to.</param>
    public KeyRing(byte[] master, Guid storeId)
    {
        _master = master;
        _storeId = storeId;
    }

    /// <summary>What names the key in use, in messages and in the trail: a hash of it, which tells nothing about it.</summary>
    public string KeyId => IdOf(_master);

    /// <summary>What names a key; see <see cref="KeyId"/>.</summary>
    public static string IdOf(ReadOnlySpan<byte> master) =>
        Convert.ToHexString(HMACSHA256.HashData(master, "Nebula.Rotation store key"u8).AsSpan(0, 8)).ToLowerInvariant();

    /// <summary>A value by which a later open tells whether it has the same key. Made anew with each replacement of the key, so it tells of one, too.</summary>
    public byte[] MakeKeyCheck() => MakeKeyCheck(_master);

    /// <summary>The key check of another master key.</summary>
    public byte[] MakeKeyCheck(byte[] master) => SealedBox.Seal(master, _storeId.ToByteArray(), AssociatedData.KeyCheck(_storeId));

    /// <summary>Whether the ring's master key is the one that the check was made with.</summary>
    public bool Matches(byte[] keyCheck) => Matches(_master, keyCheck);

    /// <summary>Takes a master key if it is the one that the check was made with; zeroes it otherwise.</summary>
    public bool TryUse(byte[] master, byte[] keyCheck)
    {
        var former = _master;
        if (!Matches(master, keyCheck))
        {
            CryptographicOperations.ZeroMemory(master);
            return false;
        }

        _master = master;
        CryptographicOperations.ZeroMemory(former);
        return true;
    }

    /// <summary>Called in a transaction, before the master key wraps or opens anything in it.</summary>
    /// <exception cref="StoreKeyReplacedException">Another process has replaced the key.</exception>
    public void RequireCurrent(byte[] keyCheck)
    {
        if (!Matches(keyCheck))
            throw new StoreKeyReplacedException();
    }

    /// <summary>Whether this is the ring's master key.</summary>
    public bool HasKey(byte[] key) => CryptographicOperations.FixedTimeEquals(_master, key);

    /// <summary>Shows the master key to whoever keeps it.</summary>
    public void GiveTo(Action<byte[]> keeper) => keeper(_master);

    /// <summary>A scope's data key, wrapped with another master key.</summary>
    /// <exception cref="CryptographicException">The wrapped key is not this scope's.</exception>
    public byte[] RewrapScopeKey(string foldedScope, byte[] wrapped, byte[] master) => IsOwn(wrapped) ? wrapped : Rewrap(wrapped, master, AssociatedData.ScopeKey(_storeId, foldedScope));

    /// <summary>The audit trail's key, wrapped with another master key.</summary>
    /// <exception cref="CryptographicException">The wrapped key is not this store's.</exception>
    public byte[] RewrapAuditKey(byte[] wrapped, byte[] master) => Rewrap(wrapped, master, AssociatedData.AuditKey(_storeId));

    /// <summary>A new data key, wrapped; it is used only once it has come back from the store.</summary>
    public byte[] MakeScopeKey(string foldedScope)
    {
        Span<byte> key = stackalloc byte[SealedBox.KeySize];
        RandomNumberGenerator.Fill(key);
        var own = ScopeKeys.Find(foldedScope);
        var wrapped = own is null
            ? SealedBox.Seal(_master, key, AssociatedData.ScopeKey(_storeId, foldedScope))
            : [OwnFormat, .. SealedBox.Seal(own, key, AssociatedData.OwnScopeKey(_storeId, foldedScope))];
        CryptographicOperations.ZeroMemory(own);
        CryptographicOperations.ZeroMemory(key);
        return wrapped;
    }

    /// <summary>The data key of a scope, if it was unwrapped before; it stays the ring's.</summary>
    public byte[]? FindScopeKey(long scopeId)
    {
        lock (_gate)
            return _scopes.GetValueOrDefault(scopeId);
    }

    /// <exception cref="CryptographicException">The wrapped key is not this scope's.</exception>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreKeyInvalid"/>: the scope has a key of its own, which is not here.</exception>
    public byte[] UnwrapScopeKey(long scopeId, string foldedScope, byte[] wrapped)
    {
        var key = IsOwn(wrapped) ? OpenOwn(foldedScope, wrapped) : SealedBox.Open(_master, wrapped, AssociatedData.ScopeKey(_storeId, foldedScope));
        lock (_gate)
        {
            // Somebody who was here first may be using theirs.
            if (!_scopes.TryGetValue(scopeId, out var known))
                return _scopes[scopeId] = key;
            CryptographicOperations.ZeroMemory(key);
            return known;
        }
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
        var key = SealedBox.Open(_master, wrapped, AssociatedData.AuditKey(_storeId));
        lock (_gate)
        {
            if (_audit is null)
                return _audit = key;
            CryptographicOperations.ZeroMemory(key);
            return _audit;
        }
    }

    /// <summary>Takes another store's trail over: its key becomes this one's.</summary>
    /// <returns>The key, wrapped.</returns>
    public byte[] AdoptAuditKey(byte[] key)
    {
        lock (_gate)
            _audit = StoreKeyProvider.Copy(key);
        return SealedBox.Seal(_master, key, AssociatedData.AuditKey(_storeId));
    }

    /// <summary>The audit trail's key, if it was unwrapped before; it stays the ring's.</summary>
    public byte[]? FindAuditKey() => _audit;

    public byte[] SealAuditHead(ReadOnlySpan<byte> head) => SealedBox.Seal(_audit, head, AssociatedData.AuditHead(_storeId));

    /// <exception cref="CryptographicException">The head was changed.</exception>
    public byte[] OpenAuditHead(byte[] box) => SealedBox.Open(_audit, box, AssociatedData.AuditHead(_storeId));

    /// <summary>Drops a key whose scope was not committed: its id may come back with another one.</summary>
    public void ForgetScopes()
    {
        lock (_gate)
        {
            foreach (var key in _scopes.Values)
                CryptographicOperations.ZeroMemory(key);
            _scopes.Clear();
            CryptographicOperations.ZeroMemory(_audit);
            _audit = null;
        }
    }

    public void Dispose()
    {
        ForgetScopes();
        CryptographicOperations.ZeroMemory(_master);
    }

    /// <summary>Whether a scope's data key is sealed with the scope's own key.</summary>
    private static bool IsOwn(byte[] wrapped) => wrapped is [OwnFormat, ..];

    private byte[] OpenOwn(string foldedScope, byte[] wrapped)
    {
        var own = ScopeKeys.Find(foldedScope) ?? throw new RotationException(
            RotationErrorCode.StoreKeyInvalid,
            $"The scope '{foldedScope}' is sealed with a key of its own, which this runner does not have: it sees names and times there, and no passwords.",
            $"Give the scope's key in {ScopeKeys.Describe(foldedScope)}, or leave the scope to the runners that have it.");
        try
        {
            return SealedBox.Open(own, wrapped.AsSpan(1), AssociatedData.OwnScopeKey(_storeId, foldedScope));
        }
        catch (CryptographicException exception)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"The key from {ScopeKeys.Describe(foldedScope)} is not the one that the scope '{foldedScope}' is sealed with.",
                "Give the key that was there when the first credential of the scope was stored.",
                exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(own);
        }
    }

    private bool Matches(byte[] master, byte[] keyCheck)
    {
        try
        {
            return master.Length == SealedBox.KeySize
                && SealedBox.Open(master, keyCheck, AssociatedData.KeyCheck(_storeId)).AsSpan().SequenceEqual(_storeId.ToByteArray());
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private byte[] Rewrap(byte[] wrapped, byte[] master, byte[] associatedData)
    {
        var key = SealedBox.Open(_master, wrapped, associatedData);
        try
        {
            return SealedBox.Seal(master, key, associatedData);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
