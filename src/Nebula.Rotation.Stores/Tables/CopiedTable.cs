using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>A table as it is copied: its columns, its order, and what of it is sealed with the key of which scope.</summary>
/// <param name="Name">The table.</param>
/// <param name="Columns">What is copied. Numbers that the store gives out itself (sequence, scope) are given out again.</param>
/// <param name="Order">The order, which both stores have.</param>
/// <param name="Join">Where the scope is found.</param>
/// <param name="Scope">The scope's column; null when nothing is sealed.</param>
/// <param name="Sealed">The sealed column, and what it belongs to.</param>
internal sealed record CopiedTable(
    string Name, string[] Columns, string Order, string Join = "", string? Scope = null, (string Column, Func<CopiedTable, object?[], byte[]> Data)? Sealed = null)
{
    private const string Credential = " JOIN credentials c ON c.id = t.credential_id";

    /// <summary>In the order in which one refers to another.</summary>
    public static IReadOnlyList<CopiedTable> All { get; } =
    [
        new(
            "credentials",
            ["id", "name", "folded", "database_type", "settings", "username", "version", "admin_username", "admin_secret", "created_at", "last_rotated_at", "next_rotation_at", "revision"],
            "t.id",
            Scope: "t.scope_id",
            Sealed: ("admin_secret", static (table, row) => AssociatedData.AdminLogin(table.Id(row, "id"), table.Text(row, "admin_username")))),
        new(
            "versions",
            ["credential_id", "version", "username", "secret", "created_at"],
            "t.credential_id, t.version",
            Credential,
            "c.scope_id",
            ("secret", static (table, row) => AssociatedData.Login(table.Id(row, "credential_id"), (int)table.Number(row, "version"), table.Text(row, "username")))),
        new("leases", ["credential_id", "fence"], "t.credential_id"),
        new(
            "rotations",
            [
                "id", "credential_id", "kind", "state", "old_username", "new_username", "from_version", "to_version", "started_at", "finished_at", "retain_until", "runner", "error_code",
                "message", "reverses", "document",
            ],
            "t.sequence",
            Credential,
            "c.scope_id",
            ("document", static (table, row) => AssociatedData.Document(table.Id(row, "id")))),
        new(
            "journal",
            ["rotation_id", "sequence", "stage", "step", "phase", "at", "data"],
            "t.rotation_id, t.sequence",
            " JOIN rotations r ON r.id = t.rotation_id JOIN credentials c ON c.id = r.credential_id",
            "c.scope_id",
            ("data", static (table, row) => AssociatedData.JournalData(table.Id(row, "rotation_id"), table.Number(row, "sequence"), table.Text(row, "step")))),
        new(
            "stages",
            ["rotation_id", "sequence", "stage", "status", "started_at", "duration", "old_username", "new_username", "message", "details"],
            "t.rotation_id, t.sequence"),
        new(
            "audit",
            ["sequence", "at", "actor", "action", "credential_id", "credential", "folded", "scope", "rotation_id", "outcome", "details", "code"],
            "t.sequence"),
    ];

    /// <summary>Reads the table; the scope's id is behind the columns where something is sealed.</summary>
    public Task<List<object?[]>> ReadAsync(StoreSession session)
    {
        var columns = string.Join(", ", Columns.Select(static column => $"t.{column}").Append(Scope).OfType<string>());
        var count = Columns.Length + (Scope is null ? 0 : 1);
        return session.AllAsync(
            $"SELECT {columns} FROM {Name} t{Join} ORDER BY {Order}",
            row =>
            {
                var values = new object?[count];
                for (var column = 0; column < count; column++)
                    values[column] = row.IsDBNull(column) ? null : row.GetValue(column);
                return values;
            });
    }

    /// <summary>Writes a row; the scope's id is behind the columns for the table that has one.</summary>
    public Task WriteAsync(StoreSession session, object?[] values, long? scopeId)
    {
        string[] columns = scopeId is null ? Columns : [.. Columns, "scope_id"];
        (string, object?)[] parameters = [.. columns.Select((_, index) => ($"$p{index}", index < Columns.Length ? values[index] : scopeId))];
        return session.SendAsync(
            $"INSERT INTO {Name} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", parameters.Select(static parameter => parameter.Item1))})", parameters);
    }

    private object? Value(object?[] row, string column) => row[Array.IndexOf(Columns, column)];

    private Guid Id(object?[] row, string column) => Guid.Parse(Text(row, column));

    private string Text(object?[] row, string column) => Value(row, column) as string ?? throw new StoreDataException($"a row of {Name} lacks its {column}.");

    private long Number(object?[] row, string column) => Value(row, column) is long number ? number : throw new StoreDataException($"a row of {Name} lacks its {column}.");
}
