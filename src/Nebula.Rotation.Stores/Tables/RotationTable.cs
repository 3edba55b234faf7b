using System.Data.Common;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>Records of rotations and their documents.</summary>
internal sealed class RotationTable(ScopeTable scopes)
{
    private const string Columns =
        """
        r.id, r.credential_id, c.name, c.database_type, r.kind, r.state, r.old_username, r.new_username, r.from_version, r.to_version,
               r.started_at, r.finished_at, r.retain_until, r.runner, r.error_code, r.message, r.reverses, c.scope_id, s.name
        """;

    private const string From = "FROM rotations r JOIN credentials c ON c.id = r.credential_id JOIN scopes s ON s.id = c.scope_id";

    /// <exception cref="RotationException"><see cref="RotationErrorCode.RotationOpen"/>.</exception>
    public static async Task CheckNoneOpenAsync(StoreSession session, DatabaseCredential credential)
    {
        var open = await session.ScalarAsync(
            "SELECT id FROM rotations WHERE credential_id = $id AND state IN ('Running', 'Draining', 'RollbackFailed')",
            ("$id", Column.Of(credential.Id)));
        if (open is not null)
            throw Open(credential, $"the rotation {open}");
    }

    public async Task InsertAsync(StoreSession session, StoredCredential credential, RotationRecord record, ReadOnlyMemory<byte> document)
    {
        await CheckNoneOpenAsync(session, credential.Credential);
        var box = await SealAsync(session, credential.ScopeId, record.RotationId, document);
        try
        {
            await session.ExecuteAsync(
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
                ("$document", box));
        }
        catch (DbException exception) when (session.IsNotUnique(exception))
        {
            throw Open(credential.Credential, "the same rotation");
        }
    }

    /// <exception cref="RotationException"><see cref="RotationErrorCode.RotationNotFound"/> when the credential has no such rotation.</exception>
    public static async Task<StoredRotation> GetAsync(StoreSession session, Guid credentialId, Guid rotationId)
    {
        var found = await FindAsync(session, rotationId);
        return found is not null && found.Record.CredentialId == credentialId
            ? found
            : throw new RotationException(
                RotationErrorCode.RotationNotFound,
                $"The credential has no rotation with the id {rotationId:D}.",
                "List what there is with Get-NebulaRotation.");
    }

    public static Task<StoredRotation?> FindAsync(StoreSession session, Guid rotationId) =>
        session.FirstAsync($"SELECT {Columns} {From} WHERE r.id = $id", Read, ("$id", Column.Of(rotationId)));

    /// <summary>The rotation with its sealed document.</summary>
    public static Task<Tuple<StoredRotation, byte[]>?> FindWithDocumentAsync(StoreSession session, Guid rotationId) => session.FirstAsync(
        $"SELECT {Columns}, r.document {From} WHERE r.id = $id",
        static row => Tuple.Create(Read(row), row.GetFieldValue<byte[]>(19)),
        ("$id", Column.Of(rotationId)));

    public async Task<byte[]> OpenDocumentAsync(StoreSession session, StoredRotation rotation, byte[] document) => ScopeTable.Open(
        await scopes.GetKeyAsync(session, rotation.ScopeId), document, AssociatedData.Document(rotation.Record.RotationId), "document of a rotation");

    public async Task WriteDocumentAsync(StoreSession session, StoredRotation rotation, ReadOnlyMemory<byte> document)
    {
        var box = await SealAsync(session, rotation.ScopeId, rotation.Record.RotationId, document);
        await session.SendAsync(
            "UPDATE rotations SET document = $document WHERE id = $id",
            ("$id", Column.Of(rotation.Record.RotationId)),
            ("$document", box));
    }

    public static async Task SetStateAsync(StoreSession session, StoredRotation rotation, RotationStateChange change)
    {
        try
        {
            await session.ExecuteAsync(
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
        catch (DbException exception) when (session.IsNotUnique(exception))
        {
            throw new RotationException(
                RotationErrorCode.RotationOpen,
                $"Another rotation of the credential '{rotation.Record.Credential}' is open; this one cannot be opened again.",
                "Finish that one with Resume-NebulaRotation.");
        }
    }

    /// <summary>Sets the state alone.</summary>
    public static Task SetStateAsync(StoreSession session, Guid rotationId, RotationState state) => session.SendAsync(
        "UPDATE rotations SET state = $state WHERE id = $id",
        ("$id", Column.Of(rotationId)),
        ("$state", Column.Of(state)));

    public static async Task<List<RotationRecord>> ListAsync(StoreSession session, RotationFilter filter)
    {
        var (sql, parameters) = ListSql(filter);
        var records = await session.AllAsync(sql, static row => Read(row).Record, parameters);
        return await JournalTable.ReadStagesAsync(session, records);
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
        if (filter.Last is { } last)
            parameters.Add(("$last", last));
        return ($"SELECT {Columns} {From}{where} ORDER BY r.sequence DESC{(filter.Last is null ? "" : " LIMIT $last")}", [.. parameters]);
    }

    private static StoredRotation Read(DbDataReader row) => new(
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
            Scope = row.GetString(18),
        },
        row.GetInt64(17));

    private static RotationException Open(DatabaseCredential credential, string which) => new(
        RotationErrorCode.RotationOpen,
        $"The credential '{credential.Name}' has an open rotation ({which}).",
        $"Finish it with Resume-NebulaRotation -Name '{credential.Name.Replace("'", "''", StringComparison.Ordinal)}', or take it back with Undo-NebulaRotation.");

    private async Task<byte[]> SealAsync(StoreSession session, long scopeId, Guid rotationId, ReadOnlyMemory<byte> document) =>
        SealedBox.Seal(await scopes.GetKeyAsync(session, scopeId), document.Span, AssociatedData.Document(rotationId));
}

/// <summary>A record, and the scope whose key its document is sealed with.</summary>
internal sealed record StoredRotation(RotationRecord Record, long ScopeId);
