using System.Text.Json;
using Nebula.Rotation.Engine.Snapshots;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>Collects what the queries of a snapshot find in one database; those of other databases are added to the credential's own.</summary>
internal sealed class SnapshotBuilder(string username, string database)
{
    private readonly List<PermissionFact> _facts = [];

    private readonly List<PlanBlocker> _blockers = [];

    private readonly Dictionary<string, string> _hints = [];

    private readonly List<string> _visited = [database];

    public string Username { get; } = username;

    /// <summary>The visited database.</summary>
    public string Database { get; } = database;

    public bool Exists { get; set; }

    public bool CanLogIn { get; set; }

    /// <summary>Databases that are to be visited too.</summary>
    public List<string> OtherDatabases { get; } = [];

    public void Add(PermissionFact fact) => _facts.Add(fact);

    public void Block(string objectName, string reason, string action) => _blockers.Add(new(objectName, reason, action));

    public void Hint(string name, string value) => _hints[name] = value;

    /// <summary>A builder for another database.</summary>
    public SnapshotBuilder For(string other) => new(Username, other) { Exists = Exists, CanLogIn = CanLogIn };

    /// <summary>An empty builder for the same, since what was read was stale.</summary>
    public SnapshotBuilder Again() => For(Database);

    /// <summary>Adds what was found in another database.</summary>
    public void Merge(SnapshotBuilder other)
    {
        _visited.Add(other.Database);
        _facts.AddRange(other._facts);
        foreach (var (name, value) in other._hints)
            _hints[name] = value;
        foreach (var blocker in other._blockers)
            _blockers.Add(blocker with { ObjectName = $"{blocker.ObjectName} in database {PostgreSqlDialect.Identifier(other.Database)}" });
    }

    /// <summary>A role as facts have it: the login's own name gives way to <see cref="PermissionFact.Login"/>.</summary>
    public string Role(string name) => name == Username ? PermissionFact.Login : PostgreSqlDialect.Identifier(name);

    /// <summary>A role in a column that may be null.</summary>
    public string? Role(NpgsqlDataReader rows, int column) => Text(rows, column) is { } name ? Role(name) : null;

    public static string? Text(NpgsqlDataReader rows, int column) => rows.IsDBNull(column) ? null : rows.GetString(column);

    public LoginSnapshot Build(ServerDescription server)
    {
        Hint(HintNames.Database, Database);
        Hint(HintNames.Databases, JsonSerializer.Serialize(_visited));
        return new()
        {
            Username = Username,
            Exists = Exists,
            CanLogIn = CanLogIn,
            Server = server,
            // Of a visited database it is known what the path means there: a fact of its own.
            Facts = [.. _facts.Where(fact => !(fact is { Kind: FactKinds.Setting, Name: "search_path", Database: { } place } && _visited.Contains(place)))],
            Blockers = _blockers,
            Hints = _hints,
        };
    }
}
