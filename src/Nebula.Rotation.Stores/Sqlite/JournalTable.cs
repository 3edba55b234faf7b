using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>What a rotation did, in order: the journal that Resume reads, and the stages that people read.</summary>
internal sealed class JournalTable(ScopeTable scopes)
{
    public void Append(SqliteSession session, long scopeId, Guid rotationId, JournalEntry entry)
    {
        var sequence = Next(session, "SELECT coalesce(max(sequence), 0) + 1 FROM journal WHERE rotation_id = $id", rotationId);
        session.Execute(
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
            ("$data", Seal(session, scopeId, entry.Data, AssociatedData.JournalData(rotationId, sequence, entry.Step))));
    }

    public List<JournalEntry> Read(SqliteSession session, long scopeId, Guid rotationId) => session.All(
        "SELECT sequence, stage, step, phase, at, data FROM journal WHERE rotation_id = $id ORDER BY sequence",
        row =>
        {
            var step = row.GetString(2);
            var data = AssociatedData.JournalData(rotationId, row.GetInt64(0), step);
            return new JournalEntry(
                row.EnumOf<RotationStage>(1), step, row.EnumOf<JournalPhase>(3), row.TimeOf(4), Open(session, scopeId, row.BlobOrNull(5), data, step));
        },
        ("$id", Column.Of(rotationId)));

    public static void AppendStage(SqliteSession session, StageResult stage) => session.Execute(
        """
        INSERT INTO stages (rotation_id, sequence, stage, status, started_at, duration, old_username, new_username, message, details)
        VALUES ($id, $sequence, $stage, $status, $started, $duration, $old, $new, $message, $details)
        """,
        ("$id", Column.Of(stage.RotationId)),
        ("$sequence", Next(session, "SELECT coalesce(max(sequence), 0) + 1 FROM stages WHERE rotation_id = $id", stage.RotationId)),
        ("$stage", Column.Of(stage.Stage)),
        ("$status", Column.Of(stage.Status)),
        ("$started", Column.Of(stage.StartedAt)),
        ("$duration", Column.Of(stage.Duration)),
        ("$old", stage.OldUsername),
        ("$new", stage.NewUsername),
        ("$message", stage.Message),
        ("$details", StageDetails.Write(stage.Details)));

    public static List<StageResult> ReadStages(SqliteSession session, RotationRecord rotation) => session.All(
        """
        SELECT stage, status, started_at, duration, old_username, new_username, message, details
        FROM stages WHERE rotation_id = $id ORDER BY sequence
        """,
        row => new StageResult
        {
            RotationId = rotation.RotationId,
            Credential = rotation.Credential,
            DatabaseType = rotation.DatabaseType,
            Stage = row.EnumOf<RotationStage>(0),
            Status = row.EnumOf<StageStatus>(1),
            StartedAt = row.TimeOf(2),
            Duration = row.SpanOf(3),
            OldUsername = row.GetString(4),
            NewUsername = row.GetString(5),
            Message = row.GetString(6),
            Details = StageDetails.Read(row.GetString(7)),
        },
        ("$id", Column.Of(rotation.RotationId)));

    private static long Next(SqliteSession session, string sql, Guid rotationId) =>
        Convert.ToInt64(session.Scalar(sql, ("$id", Column.Of(rotationId))), CultureInfo.InvariantCulture);

    private byte[]? Seal(SqliteSession session, long scopeId, string? text, byte[] associatedData)
    {
        if (text is null)
            return null;

        var bytes = Encoding.UTF8.GetBytes(text);
        var box = scopes.Seal(session, scopeId, bytes, associatedData);
        CryptographicOperations.ZeroMemory(bytes);
        return box;
    }

    private string? Open(SqliteSession session, long scopeId, byte[]? box, byte[] associatedData, string step)
    {
        if (box is null)
            return null;

        var bytes = scopes.Open(session, scopeId, box, associatedData, $"journal data of the step '{step}'");
        var text = Encoding.UTF8.GetString(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }
}
