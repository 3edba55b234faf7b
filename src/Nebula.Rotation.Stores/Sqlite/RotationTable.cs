using Microsoft.Data.Sqlite;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>Records of rotations and their documents.</summary>
internal sealed class RotationTable(ScopeTable scopes)
{
    private const string Select =
        """
        SELECT r.id, r.credential_id, c.name, c.database_type, r.kind, r.state, r.old_username, r.new_username, r.from_version, r.to_version,
               r.started_at, r.finished_at, r.retain_until, r.runner, r.error_code, r.message, r.reverses, c.scope_id, r.document
        FROM rotations r JOIN credentials c ON c.id = r.credential_id JOIN scopes s ON s.id = c.scope_id
        """;

    public static bool IsOpen(RotationState state) => state is RotationState.Running or RotationState.Draining or RotationState.RollbackFailed;

    /// <exception cref="RotationException"><see cref="RotationErrorCode.RotationOpen"/>.</exception>
    public static void CheckNoneOpen(SqliteSession session, DatabaseCredential credential)
    {
        var open = session.Scalar(
            "SELECT id FROM rotations WHERE credential_id = $id AND state IN ('Running', 'Draining', 'RollbackFailed')",
            ("$id", Column.Of(credential.Id)));
        if (open is not null)
            throw Open(credential, $"the rotation {open}");
    }

    public void Insert(SqliteSession session, StoredCredential credential, RotationRecord record, ReadOnlyMemory<byte> document)
    {
        CheckNoneOpen(session, credential.Credential);
        try
        {
            session.Execute(
                """
                INSERT INTO rotations (id, credential_id, kind, state, old_username, new_username, from_version, to_version,
                                       started_at, runner, reverses, document)
                VALUES ($id, $credential, $kind, $state, $old, $new, $from, $to, $started, $runner, $reverses, $document)
                """,
                ("$id", Column.Of(record.RotationId)),
                ("$credential", Column.Of(credential.Credential.Id)),
                ("$kind", Column.Of(record.Kind)),
                ("$state", Column.Of(RotationState.Running)),
                ("$old", record.OldUsername),
                ("$new", record.NewUsername),
                ("$from", record.FromVersion),
                ("$to", record.ToVersion),
                ("$started", Column.Of(record.StartedAt)),
                ("$runner", record.Runner),
                ("$reverses", Column.Of(record.Reverses)),
                ("$document", Seal(session, credential.ScopeId, record.RotationId, document)));
        }
        catch (SqliteException exception) when (exception.SqliteExtendedErrorCode == SqliteErrors.NotUnique)
        {
            throw Open(credential.Credential, "the same rotation");
        }
    }

    /// <exception cref="RotationException"><see cref="RotationErrorCode.RotationNotFound"/> when the credential has no such rotation.</exception>
    public static StoredRotation Get(SqliteSession session, Guid credentialId, Guid rotationId)
    {
        var found = Find(session, rotationId);
        return found is not null && found.Record.CredentialId == credentialId
            ? found
            : throw new RotationException(
                RotationErrorCode.RotationNotFound,
                $"The credential has no rotation with the id {rotationId:D}.",
                "List what there is with Get-NebulaRotation.");
    }

    public static StoredRotation? Find(SqliteSession session, Guid rotationId) =>
        session.First($"{Select} WHERE r.id = $id", Read, ("$id", Column.Of(rotationId)));

    public byte[] OpenDocument(SqliteSession session, StoredRotation rotation) => scopes.Open(
        session, rotation.ScopeId, rotation.Document, AssociatedData.Document(rotation.Record.RotationId), "document of a rotation");

    public void WriteDocument(SqliteSession session, StoredRotation rotation, ReadOnlyMemory<byte> document) => session.Execute(
        "UPDATE rotations SET document = $document WHERE id = $id",
        ("$id", Column.Of(rotation.Record.RotationId)),
        ("$document", Seal(session, rotation.ScopeId, rotation.Record.RotationId, document)));

    public static void SetState(SqliteSession session, StoredRotation rotation, RotationStateChange change)
    {
        try
        {
            session.Execute(
                """
                UPDATE rotations
                SET state = $state, finished_at = $finished, retain_until = $retain, error_code = $error, message = $message,
                    runner = coalesce($runner, runner)
                WHERE id = $id
                """,
                ("$id", Column.Of(rotation.Record.RotationId)),
                ("$state", Column.Of(change.State)),
                ("$finished", Column.Of(change.FinishedAt)),
                ("$retain", Column.Of(change.RetainUntil)),
                ("$error", change.ErrorCode is { } code ? Column.Of(code) : null),
                ("$message", change.Message),
                ("$runner", change.Runner));
        }
        catch (SqliteException exception) when (exception.SqliteExtendedErrorCode == SqliteErrors.NotUnique)
        {
            throw new RotationException(
                RotationErrorCode.RotationOpen,
                $"Another rotation of the credential '{rotation.Record.Credential}' is open; this one cannot be opened again.",
                "Finish that one with Resume-NebulaRotation.");
        }
    }

    /// <summary>Sets the state alone.</summary>
    public static void SetState(SqliteSession session, Guid rotationId, RotationState state) => session.Execute(
        "UPDATE rotations SET state = $state WHERE id = $id",
        ("$id", Column.Of(rotationId)),
        ("$state", Column.Of(state)));

    public static List<RotationRecord> List(SqliteSession session, RotationFilter filter)
    {
        var (sql, parameters) = ListSql(filter);
        var records = session.All(sql, static row => Read(row).Record, parameters);
        return records.ConvertAll(record => record with { Stages = JournalTable.ReadStages(session, record) });
    }

    private static (string Sql, (string Name, object? Value)[] Parameters) ListSql(RotationFilter filter)
    {
        var conditions = new List<string>();
        var parameters = new List<(string, object?)>();
        if (filter.Name is { } name)
        {
            conditions.Add("c.folded = $name");
            parameters.Add(("$name", CredentialNames.Fold(name)));
        }

        if (filter.Scope is { } scope)
        {
            conditions.Add("s.folded = $scope");
            parameters.Add(("$scope", CredentialNames.Fold(scope)));
        }

        if (filter.RotationId is { } id)
        {
            conditions.Add("r.id = $id");
            parameters.Add(("$id", Column.Of(id)));
        }

        if (filter.States.Count > 0)
        {
            conditions.Add("r.state IN (SELECT value FROM json_each($states))");
            parameters.Add(("$states", StageDetails.WriteList(filter.States.Select(Column.Of))));
        }

        var where = conditions.Count == 0 ? string.Empty : $" WHERE {string.Join(" AND ", conditions)}";
        parameters.Add(("$last", filter.Last ?? -1));
        return ($"{Select}{where} ORDER BY r.sequence DESC LIMIT $last", [.. parameters]);
    }

    private static StoredRotation Read(SqliteDataReader row) => new(
        new RotationRecord
        {
            RotationId = row.GuidOf(0),
            CredentialId = row.GuidOf(1),
            Credential = row.GetString(2),
            DatabaseType = row.EnumOf<DatabaseType>(3),
            Kind = row.EnumOf<RotationKind>(4),
            State = row.EnumOf<RotationState>(5),
            OldUsername = row.GetString(6),
            NewUsername = row.GetString(7),
            FromVersion = row.GetInt32(8),
            ToVersion = row.GetInt32(9),
            StartedAt = row.TimeOf(10),
            FinishedAt = row.TimeOrNull(11),
            RetainUntil = row.TimeOrNull(12),
            Runner = row.GetString(13),
            ErrorCode = row.EnumOrNull<RotationErrorCode>(14),
            Message = row.TextOrNull(15),
            Reverses = row.GuidOrNull(16),
        },
        row.GetInt64(17),
        row.GetFieldValue<byte[]>(18));

    private static RotationException Open(DatabaseCredential credential, string which) => new(
        RotationErrorCode.RotationOpen,
        $"The credential '{credential.Name}' has an open rotation ({which}).",
        $"Finish it with Resume-NebulaRotation -Name '{credential.Name.Replace("'", "''", StringComparison.Ordinal)}', or take it back with Undo-NebulaRotation.");

    private byte[] Seal(SqliteSession session, long scopeId, Guid rotationId, ReadOnlyMemory<byte> document) =>
        scopes.Seal(session, scopeId, document.Span, AssociatedData.Document(rotationId));
}

/// <summary>A record, the scope whose key its document is sealed with, and that document.</summary>
internal sealed record StoredRotation(RotationRecord Record, long ScopeId, byte[] Document);
