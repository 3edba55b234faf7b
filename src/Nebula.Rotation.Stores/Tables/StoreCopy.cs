using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Leases;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>
/// Moves a store's content to another, which has none. The source is locked meanwhile. The destination is written in one transaction, read back and compared,
/// secret by secret; only then the source is marked as moved, and refused by whoever opens it: what it holds grows old with the next rotation. Nothing in it
/// is deleted. A run that dies in between is finished by the next.
/// </summary>
internal static class StoreCopy
{
    // As many rows wait for each other as a packet is worth.
    private const int RowsAtOnce = 500;

    public static Task<StoreMove> MoveAsync(TableStore source, TableStore destination, TimeProvider time, CancellationToken cancellationToken)
    {
        var (from, to) = (source.Content, destination.Content);
        return from.Database.WriteAsync(
            async session =>
            {
                await session.LockStoreAsync();
                if (await StoreMark.FindMovedToAsync(session) is { } elsewhere)
                    return elsewhere == destination.Location ? Describe(source, destination, [], null, "It was moved there before; nothing was done.") : throw StoreMark.Moved(elsewhere);
                await RequireQuietAsync(session, time);
                var trail = await from.Audit.CheckAsync(session, null);
                if (!trail.IsIntact)
                    throw new RotationException(RotationErrorCode.StoreCorrupt, $"The audit trail of '{source.Location}' is not intact: {trail.Message}", "Nothing was copied. See Test-NebulaAuditTrail.");

                var mark = $"{source.Location} {trail.Head}";
                var before = await ReadAsync(session, from);
                var copied = await to.Database.WriteAsync(target => FillAsync(target, to, source.Location, mark, session, from, before), cancellationToken);
                var after = await to.Database.ReadSnapshotAsync(target => ReadAsync(target, to), cancellationToken);
                RequireEqual(before, after, destination.Location);
                var check = await to.Database.ReadSnapshotAsync(target => to.Audit.CheckAsync(target, trail.Head), cancellationToken);
                if (!check.IsIntact)
                    throw NotEqual(destination.Location, check.Message);

                await from.Audit.AppendAsync(session, AuditAction.StoreMoved, $"to {destination.Location}", Counts(before));
                await StoreMark.WriteAsync(session, StoreMark.MovedToName, destination.Location);
                return Describe(source, destination, before, check.Head, copied ? "Copied, read back and compared." : "An earlier run had copied it; read back and compared.");
            },
            cancellationToken);
    }

    private static async Task RequireQuietAsync(StoreSession session, TimeProvider time)
    {
        var open = await session.FirstAsync(
            "SELECT c.name FROM rotations r JOIN credentials c ON c.id = r.credential_id WHERE r.state IN ('Running', 'Draining', 'RollbackFailed') ORDER BY c.name LIMIT 1",
            static row => row.GetString(0));
        if (open is not null)
            throw new RotationException(RotationErrorCode.RotationOpen, $"The credential '{open}' has an open rotation.", "Nothing was copied. Finish it with Resume-NebulaRotation, then move the store.");

        var held = await session.AllAsync(
            $"SELECT c.name, l.owner FROM leases l JOIN credentials c ON c.id = l.credential_id WHERE l.owner IS NOT NULL AND l.expires_at > {session.Now} ORDER BY c.name",
            static row => (Name: row.GetString(0), Owner: row.GetString(1)),
            ("$now", Column.Of(time.GetUtcNow())));
        if (held.Find(static lease => LeaseOwner.Parse(lease.Owner)?.IsGone() is not true) is { Name: { } name, Owner: { } owner })
        {
            throw new RotationException(
                RotationErrorCode.LeaseHeld, $"The credential '{name}' is being worked on by {LeaseOwner.Parse(owner)?.Describe() ?? owner}.", "Nothing was copied. Wait until that run has ended.");
        }
    }

    /// <summary>Every table in its order, what is sealed opened; a scope's name stands behind the columns where there was its number.</summary>
    private static async Task<List<List<object?[]>>> ReadAsync(StoreSession session, StoreContent store)
    {
        var names = (await session.AllAsync("SELECT id, name FROM scopes", static row => (Id: row.GetInt64(0), Name: row.GetString(1)))).ToDictionary(scope => scope.Id, scope => scope.Name);
        List<List<object?[]>> tables = [];
        foreach (var table in CopiedTable.All)
        {
            var rows = await table.ReadAsync(session);
            foreach (var row in rows.Where(_ => table.Scope is not null))
            {
                var scope = (long)row[^1]!;
                if (table.Sealed is var (column, data) && Array.IndexOf(table.Columns, column) is var index && row[index] is byte[] box)
                    row[index] = ScopeTable.Open(await store.Scopes.GetKeyAsync(session, scope), box, data(table, row), $"{column} of {table.Name}");
                row[^1] = names[scope];
            }

            tables.Add(rows);
        }

        return tables;
    }

    /// <returns>False when an earlier run has done it.</returns>
    private static async Task<bool> FillAsync(
        StoreSession session, StoreContent store, string location, string mark, StoreSession source, StoreContent sourceStore, List<List<object?[]>> tables)
    {
        await session.LockStoreAsync();
        if (await StoreMark.ReadAsync(session, StoreMark.MovedFromName) == mark)
            return false;
        if (await session.ScalarAsync("SELECT 1 FROM audit LIMIT 1") is not null || await session.ScalarAsync("SELECT 1 FROM credentials LIMIT 1") is not null)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"The store '{store.Database.Location}' has been in use already; what is in two stores is not put together.",
                "Nothing was copied. Name a new store as destination.");
        }

        // The trail goes on with the key that it had: a head that was kept elsewhere still proves it.
        var key = await sourceStore.Audit.GetOrMakeKeyAsync(source);
        await StoreMark.WriteAsync(session, AuditTable.KeyName, store.Keys.AdoptAuditKey(key));
        if (await sourceStore.Audit.ReadHeadAsync(source) is var (sequence, code))
            await StoreMark.WriteAsync(session, AuditTable.HeadName, store.Keys.SealAuditHead(AuditTable.EncodeHead(sequence, code)));
        await WriteRowsAsync(session, store, tables);
        await session.SendAsync("UPDATE leases SET owner = NULL, expires_at = NULL");
        await StoreMark.WriteAsync(session, StoreMark.MovedFromName, mark);
        await store.Audit.AppendAsync(session, AuditAction.StoreMoved, $"from {location}", Counts(tables));
        return true;
    }

    private static async Task WriteRowsAsync(StoreSession session, StoreContent store, List<List<object?[]>> tables)
    {
        var scopes = new Dictionary<string, (long Id, byte[] Key)>(StringComparer.Ordinal);
        var count = 0;
        foreach (var (table, rows) in CopiedTable.All.Zip(tables))
        {
            foreach (var row in rows)
            {
                object?[] values = [.. row];
                long? scopeId = null;
                if (table.Sealed is var (column, data))
                {
                    var scope = (string)row[^1]!;
                    if (!scopes.TryGetValue(scope, out var known))
                    {
                        var id = await store.Scopes.GetOrAddAsync(session, scope);
                        known = scopes[scope] = (id, await store.Scopes.GetKeyAsync(session, id));
                    }

                    var index = Array.IndexOf(table.Columns, column);
                    if (values[index] is byte[] plaintext)
                        values[index] = SealedBox.Seal(known.Key, plaintext, data(table, row));
                    scopeId = table.Name == "credentials" ? known.Id : null;
                }

                await table.WriteAsync(session, values, scopeId);
                if (++count % RowsAtOnce == 0)
                    await session.ScalarAsync("SELECT 1");
            }
        }
    }

    private static void RequireEqual(List<List<object?[]>> before, List<List<object?[]>> after, string destination)
    {
        foreach (var ((table, expected), found) in CopiedTable.All.Zip(before).Zip(after))
        {
            // The destination's trail has one entry more, which tells of the move.
            var comparable = table.Name == "audit" ? found.Take(expected.Count).ToList() : found;
            if (comparable.Count != expected.Count || !Digest(expected).SequenceEqual(Digest(comparable)))
                throw NotEqual(destination, $"The table {table.Name} is another one when it is read back.");
        }
    }

    private static byte[] Digest(List<object?[]> rows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var value in rows.SelectMany(static row => row))
        {
            byte[] bytes = value switch
            {
                null => [],
                byte[] blob => blob,
                _ => Encoding.UTF8.GetBytes(Convert.ToString(value, CultureInfo.InvariantCulture)!),
            };
            hash.AppendData(BitConverter.GetBytes(value is null ? -1 : bytes.Length));
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }

    private static Dictionary<string, object?> Counts(List<List<object?[]>> tables) =>
        CopiedTable.All.Zip(tables).ToDictionary(static pair => pair.First.Name, static pair => (object?)pair.Second.Count);

    private static StoreMove Describe(TableStore source, TableStore destination, List<List<object?[]>> tables, string? head, string message)
    {
        var counts = Counts(tables);
        return new StoreMove
        {
            Store = source.Location,
            Destination = destination.Location,
            Credentials = Of("credentials"),
            Versions = Of("versions"),
            Rotations = Of("rotations"),
            AuditEntries = Of("audit"),
            AuditHead = head,
            Message = message,
        };

        int Of(string table) => counts.GetValueOrDefault(table) is int count ? count : 0;
    }

    private static RotationException NotEqual(string destination, string why) => new(
        RotationErrorCode.StoreCorrupt,
        $"What was copied to '{destination}' is not what was read: {why}",
        "The source is in use as before. Remove the destination, look for what writes to it, and move the store to a new one.");
}
