using System.Data.Common;
using Nebula.Rotation.Stores.Scheduling;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>Rows of the table credentials. Their logins are LoginTable's.</summary>
internal static class CredentialTable
{
    private const string Select =
        """
        SELECT c.id, c.name, s.name, c.database_type, c.settings, c.username, c.version, c.admin_username,
               c.created_at, c.last_rotated_at, c.revision, c.scope_id, c.next_rotation_at
        FROM credentials c JOIN scopes s ON s.id = c.scope_id
        """;

    /// <summary>The row is written with the next statement; a name that is taken fails that one.</summary>
    public static Task InsertAsync(StoreSession session, DatabaseCredential credential, long scopeId) => session.SendAsync(
        """
        INSERT INTO credentials (id, scope_id, name, folded, database_type, settings, username, version,
                                 created_at, last_rotated_at, next_rotation_at, revision)
        VALUES ($id, $scope, $name, $folded, $type, $settings, $username, $version, $created, $rotated, $next, $revision)
        """,
        ("$id", Column.Of(credential.Id)),
        ("$scope", scopeId),
        ("$name", credential.Name),
        ("$folded", CredentialNames.Fold(credential.Name)),
        ("$type", Column.Of(credential.DatabaseType)),
        ("$settings", CredentialSettings.Write(credential)),
        ("$username", credential.Username),
        ("$version", credential.Version),
        ("$created", Column.Of(credential.CreatedAt)),
        ("$rotated", Column.Of(credential.LastRotatedAt)),
        ("$next", Column.Of(RotationSchedule.Next(credential))),
        ("$revision", credential.Revision));

    public static RotationException Exists(DatabaseCredential credential) => new(
        RotationErrorCode.CredentialExists,
        $"A credential named '{credential.Name}' exists already in the scope '{credential.Scope}'; names are compared without regard to case.",
        "Give another name, or change the stored one with Set-NebulaDbCredential.");

    public static Task<StoredCredential?> FindAsync(StoreSession session, string name, string scope) => session.FirstAsync(
        $"{Select} WHERE c.folded = $name AND s.folded = $scope",
        Read,
        ("$name", CredentialNames.Fold(name)),
        ("$scope", CredentialNames.Fold(scope)));

    /// <exception cref="RotationException"><see cref="RotationErrorCode.CredentialNotFound"/>.</exception>
    public static async Task<StoredCredential> GetAsync(StoreSession session, Guid id) =>
        await session.FirstAsync($"{Select} WHERE c.id = $id{session.LockClause("c")}", Read, ("$id", Column.Of(id))) ?? throw NotFound(id);

    public static async Task<List<DatabaseCredential>> ListAsync(StoreSession session, CredentialFilter filter)
    {
        var patterns = filter.Names.Select(static name => new Wildcard(name)).ToArray();
        var exact = patterns.Select(static pattern => pattern.Exact).ToArray();
        var (sql, parameters) = ListSql(filter, exact.All(static name => name is not null) ? exact : []);

        // Patterns are matched before the row's JSON is read: most rows of a large store end there.
        var rows = await session.AllAsync(
            sql,
            row => patterns.Length == 0 || patterns.Any(pattern => pattern.IsMatch(CredentialNames.Fold(row.GetString(1)))) ? Read(row).Credential : null,
            parameters);
        return rows.OfType<DatabaseCredential>().Where(credential => HasTags(credential, filter.Tags)).ToList();
    }

    public static async Task<DateTimeOffset?> FindNextDueAsync(StoreSession session, DateTimeOffset after)
    {
        var next = await session.AllAsync(
            "SELECT next_rotation_at FROM credentials WHERE next_rotation_at > $after ORDER BY next_rotation_at LIMIT 1",
            row => row.TimeOf(0),
            ("$after", Column.Of(after)));
        return next.Count > 0 ? next[0] : null;
    }

    /// <summary>The statement for a filter. Conditions are added as text, values never.</summary>
    /// <param name="filter">The filter; its names and tags are not looked at.</param>
    /// <param name="names">Folded names, when every one asked for is exact; else empty.</param>
    public static (string Sql, (string Name, object? Value)[] Parameters) ListSql(CredentialFilter filter, IReadOnlyList<string?> names)
    {
        var conditions = new List<string>();
        var parameters = new List<(string, object?)>();
        if (names.Count > 0)
        {
            conditions.Add("c.folded IN (SELECT value FROM json_each($names))");
            parameters.Add(("$names", StageDetails.WriteList(names)));
        }

        if (filter.Scope is { } scope)
        {
            conditions.Add("s.folded = $scope");
            parameters.Add(("$scope", CredentialNames.Fold(scope)));
        }

        if (filter.DatabaseType is { } type)
        {
            conditions.Add("c.database_type = $type");
            parameters.Add(("$type", Column.Of(type)));
        }

        if (filter.DueAt is { } due)
        {
            conditions.Add("c.next_rotation_at <= $due");
            parameters.Add(("$due", Column.Of(due)));
        }

        var where = conditions.Count == 0 ? string.Empty : $" WHERE {string.Join(" AND ", conditions)}";
        return ($"{Select}{where} ORDER BY s.folded, c.folded", [.. parameters]);
    }

    /// <summary>Writes the settings of a changed credential; everything else stays.</summary>
    public static Task UpdateAsync(StoreSession session, DatabaseCredential credential) => session.SendAsync(
        """
        UPDATE credentials SET settings = $settings, next_rotation_at = $next, revision = revision + 1 WHERE id = $id
        """,
        ("$id", Column.Of(credential.Id)),
        ("$settings", CredentialSettings.Write(credential)),
        ("$next", Column.Of(RotationSchedule.Next(credential))));

    /// <summary>Makes a version the live one.</summary>
    public static Task SetLiveAsync(StoreSession session, DatabaseCredential credential, int version, string username, DateTimeOffset rotatedAt) =>
        session.SendAsync(
            """
            UPDATE credentials
            SET version = $version, username = $username, last_rotated_at = $rotated, next_rotation_at = $next, revision = revision + 1
            WHERE id = $id
            """,
            ("$id", Column.Of(credential.Id)),
            ("$version", version),
            ("$username", username),
            ("$rotated", Column.Of(rotatedAt)),
            ("$next", Column.Of(RotationSchedule.Next(credential with { LastRotatedAt = rotatedAt }))));

    /// <summary>The live version's user name, after it was replaced by hand.</summary>
    public static Task SetUsernameAsync(StoreSession session, Guid id, string username) => session.SendAsync(
        "UPDATE credentials SET username = $username WHERE id = $id", ("$id", Column.Of(id)), ("$username", username));

    public static Task DeleteAsync(StoreSession session, Guid id) => session.SendAsync("DELETE FROM credentials WHERE id = $id", ("$id", Column.Of(id)));

    public static RotationException NotFound(Guid id) => new(
        RotationErrorCode.CredentialNotFound,
        $"The store has no credential with the id {id:D}.",
        "It was removed meanwhile; list what there is with Get-NebulaDbCredential.");

    /// <summary>Refuses a change that was made of an older record, or of what cannot change.</summary>
    public static void CheckUpdate(DatabaseCredential former, DatabaseCredential changed, Login? admin)
    {
        if (changed.Revision != former.Revision)
        {
            throw new RotationException(
                RotationErrorCode.CredentialChanged,
                $"The credential '{former.Name}' was changed by somebody else meanwhile (revision {former.Revision}, not {changed.Revision}).",
                "Read it again with Get-NebulaDbCredential and repeat the change.");
        }

        if (changed.Name != former.Name || changed.Scope != former.Scope || changed.DatabaseType != former.DatabaseType)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"Name, scope and kind of server of the credential '{former.Name}' cannot be changed.",
                "Store a new credential with New-NebulaDbCredential, then remove this one.");
        }

        if (admin is null && changed.AdminUsername is not null && changed.AdminUsername != former.AdminUsername)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"The admin user name of the credential '{former.Name}' cannot be changed without its password.",
                "Give both with -AdminCredential.");
        }
    }

    private static bool HasTags(DatabaseCredential credential, IReadOnlyList<string> tags) =>
        tags.All(tag => credential.Tag.Contains(tag, StringComparer.OrdinalIgnoreCase));

    private static StoredCredential Read(DbDataReader row)
    {
        var settings = CredentialSettings.Read(row.GetString(4));
        var credential = new DatabaseCredential
        {
            Id = row.GuidOf(0),
            Name = row.GetString(1),
            Scope = row.GetString(2),
            DatabaseType = row.EnumOf<DatabaseType>(3),
            HostName = settings.HostName,
            Port = settings.Port,
            Database = settings.Database,
            Username = row.GetString(5),
            Version = row.GetInt32(6),
            AdminUsername = row.TextOrNull(7),
            AdminCredentialName = settings.AdminCredentialName,
            SslMode = settings.SslMode,
            CACertificate = settings.CACertificate,
            MaxConnections = settings.MaxConnections,
            ConnectionTimeout = settings.ConnectionTimeout,
            Strategy = settings.Strategy,
            RotationInterval = settings.RotationInterval,
            Schedule = settings.Schedule,
            MaintenanceWindow = settings.MaintenanceWindow,
            TimeZone = settings.TimeZone,
            Jitter = settings.Jitter,
            KeepVersions = settings.KeepVersions,
            KeepVersionsFor = settings.KeepVersionsFor,
            RetainFor = settings.RetainFor,
            UsernameTemplate = settings.UsernameTemplate,
            PasswordPolicy = settings.PasswordPolicy,
            Option = new Dictionary<string, string>(settings.Option, StringComparer.OrdinalIgnoreCase),
            Tag = settings.Tag,
            HoldReason = settings.HoldReason,
            PublishTargets = [.. settings.PublishTargets.Select(target => target.ToTarget(row.GetString(1), row.GetString(2)))],
            CreatedAt = row.TimeOf(8),
            LastRotatedAt = row.TimeOf(9),
            Revision = row.GetInt64(10),
            NextRotationAt = row.IsDBNull(12) ? null : row.TimeOf(12),
        };
        return new StoredCredential(credential, row.GetInt64(11));
    }
}

/// <summary>A credential and the scope whose key its secrets are sealed with.</summary>
internal sealed record StoredCredential(DatabaseCredential Credential, long ScopeId);
