using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>What a rotation did, in order: the journal that Resume reads, and the stages that people read.</summary>
internal sealed class JournalTable(ScopeTable scopes)
{
    public async Task AppendAsync(StoreSession session, long scopeId, Guid rotationId, JournalEntry entry)
    {
        var sequence = await NextAsync(session, "SELECT coalesce(max(sequence), 0) + 1 FROM journal WHERE rotation_id = $id", rotationId);
        var data = Seal(await scopes.GetKeyAsync(session, scopeId), entry.Data, AssociatedData.JournalData(rotationId, sequence, entry.Step));
        await session.SendAsync(
            """
            INSERT INTO journal (rotation_id, sequence, stage, step, phase, at, data)
            VALUES ($id, $sequence, $stage, $step, $phase, $at, $data)
            """,
            ("$id", Column.Of(rotationId)),
            ("$sequence", sequence),
            ("$stage", Column.Of(entry.Stage)),
            ("$step", entry.Step),
            ("$phase", Column.Of(entry.Phase)),
            ("$at", Column.Of(entry.At)),
            ("$data", data));
        session.ProveBy(
            ("SELECT 1 FROM leases WHERE credential_id = (SELECT credential_id FROM rotations WHERE id = $id)", [("$id", Column.Of(rotationId))]),
            (
                "SELECT 1 FROM journal WHERE rotation_id = $id AND sequence = $sequence AND step = $step AND phase = $phase AND at = $at",
                [("$id", Column.Of(rotationId)), ("$sequence", sequence), ("$step", entry.Step), ("$phase", Column.Of(entry.Phase)), ("$at", Column.Of(entry.At))]));
    }

    public async Task<List<JournalEntry>> ReadAsync(StoreSession session, long scopeId, Guid rotationId)
    {
        var key = await scopes.GetKeyAsync(session, scopeId);
        return await session.AllAsync(
            "SELECT sequence, stage, step, phase, at, data FROM journal WHERE rotation_id = $id ORDER BY sequence",
            row =>
            {
                var step = row.GetString(2);
                var data = AssociatedData.JournalData(rotationId, row.GetInt64(0), step);
                return new JournalEntry(
                    row.EnumOf<RotationStage>(1), step, row.EnumOf<JournalPhase>(3), row.TimeOf(4), Open(key, row.BlobOrNull(5), data, step));
            },
            ("$id", Column.Of(rotationId)));
    }

    public static async Task AppendStageAsync(StoreSession session, StageResult stage)
    {
        var sequence = await NextAsync(session, "SELECT coalesce(max(sequence), 0) + 1 FROM stages WHERE rotation_id = $id", stage.RotationId);
        await session.SendAsync(
            """
            INSERT INTO stages (rotation_id, sequence, stage, status, started_at, duration, old_username, new_username, message, details)
            VALUES ($id, $sequence, $stage, $status, $started, $duration, $old, $new, $message, $details)
            """,
            ("$id", Column.Of(stage.RotationId)),
            ("$sequence", sequence),
            ("$stage", Column.Of(stage.Stage)),
            ("$status", Column.Of(stage.Status)),
            ("$started", Column.Of(stage.StartedAt)),
            ("$duration", Column.Of(stage.Duration)),
            ("$old", stage.OldUsername),
            ("$new", stage.NewUsername),
            ("$message", stage.Message),
            ("$details", StageDetails.Write(stage.Details)));
    }

    /// <summary>The records with their stages, by one statement however many they are.</summary>
    public static async Task<List<RotationRecord>> ReadStagesAsync(StoreSession session, IReadOnlyList<RotationRecord> rotations)
    {
        if (rotations.Count == 0)
            return [];
        var records = rotations.ToDictionary(rotation => rotation.RotationId);
        var stages = await session.AllAsync(
            """
            SELECT rotation_id, stage, status, started_at, duration, old_username, new_username, message, details
            FROM stages WHERE rotation_id IN (SELECT value FROM json_each($ids)) ORDER BY rotation_id, sequence
            """,
            row =>
            {
                var rotation = records[row.GuidOf(0)];
                return new StageResult
                {
                    RotationId = rotation.RotationId,
                    Credential = rotation.Credential,
                    Scope = rotation.Scope,
                    DatabaseType = rotation.DatabaseType,
                    Stage = row.EnumOf<RotationStage>(1),
                    Status = row.EnumOf<StageStatus>(2),
                    StartedAt = row.TimeOf(3),
                    Duration = row.SpanOf(4),
                    OldUsername = row.GetString(5),
                    NewUsername = row.GetString(6),
                    Message = row.GetString(7),
                    Details = StageDetails.Read(row.GetString(8)),
                };
            },
            ("$ids", StageDetails.WriteList(records.Keys.Select(Column.Of))));
        var found = stages.ToLookup(stage => stage.RotationId);
        return [.. rotations.Select(rotation => rotation with { Stages = [.. found[rotation.RotationId]] })];
    }

    private static async Task<long> NextAsync(StoreSession session, string sql, Guid rotationId) =>
        Convert.ToInt64(await session.ScalarAsync(sql, ("$id", Column.Of(rotationId))), CultureInfo.InvariantCulture);

    private static byte[]? Seal(byte[] key, string? text, byte[] associatedData)
    {
        if (text is null)
            return null;

        var bytes = Encoding.UTF8.GetBytes(text);
        var box = SealedBox.Seal(key, bytes, associatedData);
        CryptographicOperations.ZeroMemory(bytes);
        return box;
    }

    private static string? Open(byte[] key, byte[]? box, byte[] associatedData, string step)
    {
        if (box is null)
            return null;

        var bytes = ScopeTable.Open(key, box, associatedData, $"journal data of the step '{step}'");
        var text = Encoding.UTF8.GetString(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }
}
