using System.Security.Cryptography;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>
/// Replacing the master key, and giving it to an escrow holder. Three steps, each under the store's write lock, which every process takes for them: the next
/// key is on the disk beside the one in use; the store is wrapped with it, in one transaction; it takes the place of the former one. Whoever opens the store
/// after a death between two of them finds a key that fits, and does what is left.
/// </summary>
internal sealed class KeyReplacement(IStoreDatabase database, KeyRing keys, MasterKey master, AuditTable audit, TimeProvider time)
{
    public async Task<StoreKeyChange> ReplaceAsync(StoreKeyRequest request, CancellationToken cancellationToken)
    {
        var given = request.NewKey is null ? null : StoreKeyProvider.Decode(request.NewKey.Reveal()) ?? throw new RotationException(
            RotationErrorCode.InvalidArgument, "The given key is no store key.", "Nothing was changed. Give the base64 text of 32 random bytes, such as openssl rand -base64 32 draws.");
        using var escrow = KeyEscrow.Prepare(request, time.GetUtcNow());
        byte[]? next = null;
        try
        {
            var (scopes, former) = await database.WriteAsync(
                async session =>
                {
                    await MasterKeyTable.RequireCurrentAsync(session, keys);

                    // What a predecessor left half-way is finished first: its next key must not be written over while the store needs it.
                    master.Adopt(keys);
                    RequireAnother(given);
                    CryptographicOperations.ZeroMemory(next);
                    next = master.Stage(given);
                    RequireAnother(next);
                    escrow?.Write(next);
                    var (count, id) = (await MasterKeyTable.RewrapAsync(session, keys, next), keys.KeyId);

                    // If the commit fails the ring does not fit the store, which the next use finds out and mends.
                    keys.TryUse(StoreKeyProvider.Copy(next), await MasterKeyTable.ReadCheckAsync(session));
                    await audit.AppendAsync(session, AuditAction.StoreKeyReplaced, master.Description, Details(keys.KeyId, id, escrow));
                    return (count, id);
                },
                cancellationToken);
            escrow?.Keep();
            return Describe(AuditAction.StoreKeyReplaced, KeyRing.IdOf(next!), former, scopes, escrow, await FinishAsync() ?? master.Advice);
        }
        catch (RotationException)
        {
            // A commit may have failed only in the telling: then the key is the store's, and its escrow is needed.
            if (escrow is not null && next is not null && await MayHaveAsync(next))
                escrow.Keep();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(next);
            CryptographicOperations.ZeroMemory(given);
        }
    }

    public async Task<StoreKeyChange> ExportAsync(StoreKeyRequest request, CancellationToken cancellationToken)
    {
        using var escrow = KeyEscrow.Prepare(request, time.GetUtcNow()) ?? throw new RotationException(RotationErrorCode.InvalidArgument, "An escrow needs a file and the holder's certificate.");
        var id = await database.WriteAsync(
            async session =>
            {
                await MasterKeyTable.RequireCurrentAsync(session, keys);
                keys.GiveTo(escrow.Write);
                await audit.AppendAsync(session, AuditAction.StoreKeyExported, escrow.Holder, Details(keys.KeyId, null, escrow));
                return keys.KeyId;
            },
            cancellationToken);
        escrow.Keep();
        return Describe(AuditAction.StoreKeyExported, id, null, 0, escrow, "It opens with the private key of the certificate: Import-NebulaStoreKey, or openssl cms -decrypt -inform PEM.");
    }

    /// <summary>Takes a note of a key that was brought back.</summary>
    public async Task<StoreKeyChange> NoteImportAsync(string from, CancellationToken cancellationToken)
    {
        var details = new Dictionary<string, object?> { ["KeyId"] = keys.KeyId, ["From"] = from };
        await database.WriteAsync(session => audit.AppendAsync(session, AuditAction.StoreKeyImported, master.Description, details), cancellationToken);
        return Describe(AuditAction.StoreKeyImported, keys.KeyId, null, 0, null, $"The store opens with {master.Description}.");
    }

    /// <summary>The store has its new key, and nothing that fails from now on may look as if it had not.</summary>
    private async Task<string?> FinishAsync()
    {
        try
        {
            await database.WriteAsync(
                async session =>
                {
                    if (keys.Matches(await MasterKeyTable.ReadCheckAsync(session)))
                        master.Adopt(keys);
                },
                CancellationToken.None);

            await database.SweepAsync();
            return null;
        }
        catch (RotationException exception)
        {
            return $"The store has its new key, which is not in its place yet: {exception.Message} {exception.RecommendedAction}";
        }
    }

    /// <summary>Whether the store has this key; true when it cannot be asked.</summary>
    private async Task<bool> MayHaveAsync(byte[] key)
    {
        try
        {
            var check = await database.ReadAsync(MasterKeyTable.ReadCheckAsync, CancellationToken.None);
            return keys.HasKey(key) && keys.Matches(check);
        }
        catch (RotationException)
        {
            return true;
        }
    }

    private void RequireAnother(byte[]? key)
    {
        if (key is not null && keys.HasKey(key))
            throw new RotationException(RotationErrorCode.InvalidArgument, "The given key is the one in use.", "Nothing was changed. Give another one.");
    }

    private StoreKeyChange Describe(AuditAction action, string id, string? former, int scopes, KeyEscrow? escrow, string message) => new()
    {
        Store = database.Location,
        Action = action,
        KeySource = master.Description,
        KeyId = id,
        FormerKeyId = former,
        At = time.GetUtcNow(),
        Scopes = scopes,
        EscrowPath = escrow?.Path,
        EscrowHolder = escrow?.Holder,
        Message = message,
    };

    private static Dictionary<string, object?> Details(string id, string? former, KeyEscrow? escrow) => new()
    {
        ["KeyId"] = id,
        ["FormerKeyId"] = former,
        ["EscrowPath"] = escrow?.Path,
        ["EscrowHolder"] = escrow?.Holder,
    };
}
