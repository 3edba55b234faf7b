using Nebula.Rotation.Engine.Snapshots;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>Collects what the queries of a snapshot find.</summary>
internal sealed class SnapshotBuilder(string username)
{
    private readonly List<PermissionFact> _facts = [];

    private readonly List<PlanBlocker> _blockers = [];

    private readonly Dictionary<string, string> _hints = [];

    public bool Exists { get; set; }

    public bool CanLogIn { get; set; }

    public void Add(PermissionFact fact) => _facts.Add(fact);

    public void Block(string objectName, string reason, string action) => _blockers.Add(new(objectName, reason, action));

    public void Hint(string name, string value) => _hints[name] = value;

    /// <summary>A role as facts have it: the login's own name gives way to <see cref="PermissionFact.Login"/>.</summary>
    public string Role(string name) => name == username ? PermissionFact.Login : PostgreSqlDialect.Identifier(name);

    /// <summary>A role in a column that may be null.</summary>
    public string? Role(NpgsqlDataReader rows, int column) => Text(rows, column) is { } name ? Role(name) : null;

    public static string? Text(NpgsqlDataReader rows, int column) => rows.IsDBNull(column) ? null : rows.GetString(column);

    public LoginSnapshot Build(ServerDescription server) =>
        new() { Username = username, Exists = Exists, CanLogIn = CanLogIn, Server = server, Facts = _facts, Blockers = _blockers, Hints = _hints };
}
