using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Data.Common;
using Nebula.Rotation.Stores.Audit;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>
/// The audit trail: an entry is written in the transaction of what it tells, so that neither is there without the other. Nothing in this class changes
/// or removes one; a credential that is removed leaves its entries behind.
/// </summary>
internal sealed class AuditTable(KeyRing keys, TimeProvider time)
{
    /// <summary>Where the trail's own key is, wrapped.</summary>
    public const string KeyName = "audit-key";

    /// <summary>Where its last entry is pinned, sealed with that key.</summary>
    public const string HeadName = "audit-head";

    private const string LastLock = "SELECT 1 FROM meta WHERE key = $key";

    private static readonly string Actor = string.Create(CultureInfo.InvariantCulture, $"{Environment.UserName}@{Environment.MachineName}, process {Environment.ProcessId}");

    public Task AppendAsync(
        StoreSession session, DatabaseCredential credential, AuditAction action, string outcome, Guid? rotationId, IReadOnlyDictionary<string, object?> details) =>
        AppendAsync(session, (credential.Id, credential.Name, credential.Scope), action, outcome, rotationId, details);

    /// <summary>An entry about a rotation: its record names the credential.</summary>
    public Task AppendAsync(StoreSession session, RotationRecord rotation, AuditAction action, string outcome, IReadOnlyDictionary<string, object?> details) =>
        AppendAsync(session, (rotation.CredentialId, rotation.Credential, rotation.Scope), action, outcome, rotation.RotationId, details);

    /// <summary>An entry about the store itself.</summary>
    public Task AppendAsync(StoreSession session, AuditAction action, string outcome, IReadOnlyDictionary<string, object?> details) =>
        AppendAsync(session, (Guid.Empty, "", ""), action, outcome, null, details);

    private async Task AppendAsync(
        StoreSession session, (Guid Id, string Name, string Scope) credential, AuditAction action, string outcome, Guid? rotationId, IReadOnlyDictionary<string, object?> details)
    {
        var key = await GetOrMakeKeyAsync(session);

        // Writers take turns at the end of the trail, for as long as their transactions last.
        await session.LockAsync(LastLock, ("$key", KeyName));
        var meta = await session.AllAsync(
            "SELECT key, value FROM meta WHERE key = $head OR key = $moved",
            static row => (Key: row.GetString(0), Value: row.GetFieldValue<byte[]>(1)),
            ("$head", HeadName),
            ("$moved", StoreMark.MovedToName));
        if (meta.Find(static entry => entry.Key == StoreMark.MovedToName).Value is { } elsewhere)
            throw StoreMark.Moved(StoreMark.Decode(elsewhere));
        var (last, previous) = OpenHead(meta.Find(static entry => entry.Key == HeadName).Value) ?? (0, AuditChain.Origin);
        var row = new AuditRow(
            last + 1,
            Column.Of(time.GetUtcNow()),
            Actor,
            Column.Of(action),
            Column.Of(credential.Id),
            credential.Name,
            credential.Scope,
            Column.Of(rotationId),
            outcome,
            StageDetails.Write(details));
        var code = AuditChain.CodeOf(key, row, previous);
        await session.SendAsync(
            """
            INSERT INTO audit (sequence, at, actor, action, credential_id, credential, folded, scope, rotation_id, outcome, details, code)
            VALUES ($sequence, $at, $actor, $action, $id, $credential, $folded, $scope, $rotation, $outcome, $details, $code)
            """,
            ("$sequence", row.Sequence),
            ("$at", row.At),
            ("$actor", row.Actor),
            ("$action", row.Action),
            ("$id", row.CredentialId),
            ("$credential", row.Credential),
            ("$folded", CredentialNames.Fold(row.Credential)),
            ("$scope", row.Scope),
            ("$rotation", row.RotationId),
            ("$outcome", row.Outcome),
            ("$details", row.Details),
            ("$code", code));
        await session.SendAsync(
            "INSERT INTO meta (key, value) VALUES ($key, $value) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            ("$key", HeadName),
            ("$value", keys.SealAuditHead(EncodeHead(row.Sequence, code))));
        session.ProveBy(
            (LastLock, [("$key", KeyName)]), ("SELECT 1 FROM audit WHERE sequence = $sequence AND code = $code", [("$sequence", row.Sequence), ("$code", code)]));
    }

    public static async Task<List<AuditEvent>> ListAsync(StoreSession session, AuditFilter filter)
    {
        List<string> conditions = ["true"];
        List<(string, object?)> parameters = [];
        Add("folded = $name", "$name", filter.Name is null ? null : CredentialNames.Fold(filter.Name));
        Add("scope = $scope", "$scope", filter.Scope);
        Add("rotation_id = $rotation", "$rotation", Column.Of(filter.RotationId));
        Add("action IN (SELECT value FROM json_each($actions))", "$actions", filter.Actions.Count == 0 ? null : StageDetails.WriteList(filter.Actions.Select(Column.Of)));
        Add("at >= $after", "$after", Column.Of(filter.After));
        Add("at <= $before", "$before", Column.Of(filter.Before));
        if (filter.Last is { } last)
            parameters.Add(("$last", last));
        var events = await session.AllAsync(
            $"{Select} WHERE {string.Join(" AND ", conditions)} ORDER BY sequence DESC{(filter.Last is null ? "" : " LIMIT $last")}", ReadEvent, [.. parameters]);
        events.Reverse();
        return events;

        void Add(string condition, string name, string? value)
        {
            if (value is null)
                return;
            conditions.Add(condition);
            parameters.Add((name, value));
        }
    }

    /// <summary>Follows the chain from its first entry to the sealed head, and looks for a head that was kept elsewhere.</summary>
    public async Task<AuditTrailResult> CheckAsync(StoreSession session, string? keptHead)
    {
        try
        {
            return await FollowAsync(session, keptHead);
        }
        catch (StoreDataException exception)
        {
            return Broken(1, $"The trail cannot be followed: {exception.Message}");
        }
    }

    private async Task<AuditTrailResult> FollowAsync(StoreSession session, string? keptHead)
    {
        var kept = keptHead is null ? ((long Sequence, string Code)?)null : AuditChain.ParseHead(keptHead);
        var wrapped = await ReadMetaAsync(session, KeyName);
        long count = 0;
        var previous = AuditChain.Origin;
        AuditTrailResult? broken = null;
        var keptFound = kept is not { Sequence: > 0 };
        if (wrapped is not null)
        {
            await MasterKeyTable.RequireCurrentAsync(session, keys);
            var key = Unwrap(wrapped);
            foreach (var (row, code) in await session.AllAsync($"{Select} ORDER BY sequence", static row => (ReadRow(row), row.GetFieldValue<byte[]>(11))))
            {
                if (row.Sequence != count + 1)
                {
                    broken = Broken(count + 1, row.Sequence == count + 2 ? $"Entry {count + 1} was removed." : $"Entries {count + 1} to {row.Sequence - 1} were removed.");
                    break;
                }

                if (!CryptographicOperations.FixedTimeEquals(code, AuditChain.CodeOf(key, row, previous)))
                {
                    broken = Broken(row.Sequence, $"Entry {row.Sequence} was edited, or is not in its place.");
                    break;
                }

                count = row.Sequence;
                previous = code;
                if (kept?.Sequence == count)
                    keptFound = Convert.ToHexString(code) == kept.Value.Code;
            }
        }
        else if (await session.ScalarAsync("SELECT count(*) FROM audit") is long and > 0)
        {
            broken = Broken(1, "The trail's key was removed.");
        }

        if (broken is null)
        {
            var (last, lastCode) = wrapped is null ? (0, AuditChain.Origin) : await ReadHeadAsync(session) ?? (0, AuditChain.Origin);
            if (last > count)
                broken = Broken(count + 1, $"The trail was cut off after entry {count}; it had {last}.");
            else if (last != count || !lastCode.AsSpan().SequenceEqual(previous))
                broken = Broken(count, "The last entry is not the one that was written last.");
            else if (!keptFound)
                broken = Broken(Math.Min(kept!.Value.Sequence, count), $"The kept head {keptHead} is not in this trail: it was cut off or replaced since, or is another store's.");
        }

        var head = AuditChain.FormatHead(count, previous);
        return broken is { } found
            ? found with { Count = count, Head = head }
            : new() { IsIntact = true, Count = count, Head = head, Message = count == 1 ? "1 entry, intact." : $"{count} entries, intact." };
    }

    private const string Select =
        "SELECT sequence, at, actor, action, credential_id, credential, scope, rotation_id, outcome, details, folded, code FROM audit";

    private static AuditTrailResult Broken(long sequence, string message) =>
        new() { IsIntact = false, Count = 0, Head = "", FirstBadSequence = sequence, Message = message };

    private static AuditRow ReadRow(DbDataReader row) => new(
        row.GetInt64(0),
        row.GetString(1),
        row.GetString(2),
        row.GetString(3),
        row.GetString(4),
        row.GetString(5),
        row.GetString(6),
        row.TextOrNull(7),
        row.GetString(8),
        row.GetString(9));

    private static AuditEvent ReadEvent(DbDataReader row) => new()
    {
        Sequence = row.GetInt64(0),
        At = row.TimeOf(1),
        Actor = row.GetString(2),
        Action = row.EnumOf<AuditAction>(3),
        CredentialId = row.GuidOf(4),
        Credential = row.GetString(5),
        Scope = row.GetString(6),
        RotationId = row.GuidOrNull(7),
        Outcome = row.GetString(8),
        Details = StageDetails.Read(row.GetString(9)),
        Code = Convert.ToHexString(row.GetFieldValue<byte[]>(11)),
    };

    /// <summary>The trail's key, made when there is none. A store that many write at once has it from the beginning.</summary>
    public async Task<byte[]> GetOrMakeKeyAsync(StoreSession session)
    {
        if (keys.FindAuditKey() is { } known)
            return known;
        await MasterKeyTable.RequireCurrentAsync(session, keys);
        if (await ReadMetaAsync(session, KeyName) is not { } wrapped)
        {
            wrapped = keys.MakeAuditKey();
            await session.ExecuteAsync("INSERT INTO meta (key, value) VALUES ($key, $value)", ("$key", KeyName), ("$value", wrapped));
        }

        return Unwrap(wrapped);
    }

    private byte[] Unwrap(byte[] wrapped)
    {
        try
        {
            return keys.UnwrapAuditKey(wrapped);
        }
        catch (CryptographicException exception)
        {
            throw new StoreDataException("the key of the audit trail was changed, or belongs elsewhere.", exception);
        }
    }

    /// <summary>Number and code of the entry that was written last; null before the first.</summary>
    public async Task<(long Sequence, byte[] Code)?> ReadHeadAsync(StoreSession session) => OpenHead(await ReadMetaAsync(session, HeadName));

    /// <summary>The bytes that are sealed as the trail's head.</summary>
    public static byte[] EncodeHead(long sequence, ReadOnlySpan<byte> code)
    {
        var head = new byte[sizeof(long) + AuditChain.CodeSize];
        BinaryPrimitives.WriteInt64BigEndian(head, sequence);
        code.CopyTo(head.AsSpan(sizeof(long)));
        return head;
    }

    private (long Sequence, byte[] Code)? OpenHead(byte[]? box)
    {
        if (box is null)
            return null;
        try
        {
            var head = keys.OpenAuditHead(box);
            return (BinaryPrimitives.ReadInt64BigEndian(head), head[sizeof(long)..]);
        }
        catch (CryptographicException exception)
        {
            throw new StoreDataException("the head of the audit trail was changed, or belongs elsewhere.", exception);
        }
    }

    private static async Task<byte[]?> ReadMetaAsync(StoreSession session, string key) => await session.ScalarAsync("SELECT value FROM meta WHERE key = $key", ("$key", key)) as byte[];
}
