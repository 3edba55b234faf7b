using System.Text.Json;
using Nebula.Rotation.Engine.Databases.PostgreSql.Admins;
using Nebula.Rotation.Engine.Snapshots;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>Collects what the queries of a snapshot find in one database; those of other databases are added to the credential's own.</summary>
internal sealed class SnapshotBuilder(string username, string database)
{
    private readonly List<PermissionFact> _facts = [];

    private readonly Dictionary<string, string> _roles = [];

    private readonly HashSet<string> _words = [];

    private readonly List<PlanBlocker> _blockers = [];

    private readonly Dictionary<string, string> _hints = [];

    private readonly List<string> _visited = [database];

    private readonly SortedDictionary<string, string> _givenByOthers = new(StringComparer.Ordinal);

    public string Username { get; } = username;

    /// <summary>The visited database.</summary>
    public string Database { get; } = database;

    public bool Exists { get; set; }

    public bool CanLogIn { get; set; }

    /// <summary>The admin's view of the visited database; null for a superuser, who may everything.</summary>
    public AdminView? Admin { get; set; }

    /// <summary>What the admin lacks.</summary>
    public MissingRights Missing { get; } = new();

    /// <summary>Databases that are to be visited too.</summary>
    public List<string> OtherDatabases { get; } = [];

    public void Add(PermissionFact fact) => _facts.Add(fact);

    public void Block(string objectName, string reason, string action) => _blockers.Add(new(objectName, reason, action));

    /// <summary>
    /// A privilege as an admin that is no superuser gives it. One of a grantor whom it cannot act as it gives in its own name, by a grant option of its own, and cannot take
    /// away: the next login's will be its own.
    /// </summary>
    public PermissionFact AsAdminGives(PermissionFact fact, string? grantor, string? owner, bool mayPassOn)
    {
        var admin = Admin!;
        if (grantor is null || admin.CanActAs(grantor, owner))
            return fact;
        if (!mayPassOn)
        {
            if (admin.Role(grantor) is { IsSuperuser: false } role)
            {
                if (grantor == owner)
                    Missing.NeedPrivilegesOf(role);
                else
                    Missing.NeedToBe(role);
            }
            else
            {
                Missing.NeedOption(fact);
            }
        }

        fact = fact with { Grantor = admin.Quoted };
        AddGivenByOthers(fact, grantor);
        return fact;
    }

    /// <summary>Notes that the admin cannot take a fact away, for somebody else gave it.</summary>
    public void AddGivenByOthers(PermissionFact fact, string grantor) => _givenByOthers[fact.ToString()] = PostgreSqlDialect.Identifier(grantor);

    /// <summary>Whether the admin has an owner's privileges; asks for them if not.</summary>
    public void NeedOwner(string owner)
    {
        if (Admin?.Role(owner) is { Has: false } role)
            Missing.NeedPrivilegesOf(role);
    }

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
        Missing.Merge(other.Missing);
        foreach (var (fact, grantor) in other._givenByOthers)
            _givenByOthers[fact] = grantor;
        foreach (var (name, value) in other._hints)
            _hints[name] = value;
        foreach (var blocker in other._blockers)
            _blockers.Add(blocker with { ObjectName = $"{blocker.ObjectName} in database {PostgreSqlDialect.Identifier(other.Database)}" });
    }

    /// <summary>A role as facts have it: the login's own name gives way to <see cref="PermissionFact.Login"/>.</summary>
    public string Role(string name)
    {
        if (!_roles.TryGetValue(name, out var role))
            _roles.Add(name, role = name == Username ? PermissionFact.Login : PostgreSqlDialect.Identifier(name));
        return role;
    }

    /// <summary>A word of the server's that many rows have, such as a privilege or a kind of object: one text for all of them.</summary>
    public string Word(NpgsqlDataReader rows, int column)
    {
        var read = rows.GetString(column);
        if (_words.TryGetValue(read, out var word))
            return word;
        _words.Add(read);
        return read;
    }

    /// <summary>A role in a column that may be null.</summary>
    public string? Role(NpgsqlDataReader rows, int column) => Text(rows, column) is { } name ? Role(name) : null;

    public static string? Text(NpgsqlDataReader rows, int column) => rows.IsDBNull(column) ? null : rows.GetString(column);

    public LoginSnapshot Build(ServerDescription server)
    {
        if (Admin is { } admin)
        {
            LoginRights.Require(this, _facts, admin, server);
            Hint(HintNames.MissingRights, JsonSerializer.Serialize(Missing.ToStatements(admin.Quoted, server)));
            Hint(HintNames.GivenByOthers, JsonSerializer.Serialize(_givenByOthers));
        }

        Hint(HintNames.Database, Database);
        Hint(HintNames.Databases, JsonSerializer.Serialize(_visited));
        return new()
        {
            Username = Username,
            Exists = Exists,
            CanLogIn = CanLogIn,
            Server = server,
            // Of a visited database it is known what the path means there: a fact of its own.
            Facts = [.. Merged().Where(fact => !(fact is { Kind: FactKinds.Setting, Name: "search_path", Database: { } place } && _visited.Contains(place)))],
            Blockers = _blockers,
            Hints = _hints,
        };
    }

    /// <summary>What two grantors gave is one fact where the admin gives it alone, with the grant option if one of them gave it so.</summary>
    private IEnumerable<PermissionFact> Merged()
    {
        if (Admin is not { } admin)
            return _facts;
        var mine = _facts.ToLookup(fact => fact.Kind == FactKinds.Privilege && fact.Grantor == admin.Quoted);
        return mine[false].Distinct().Concat(
            from fact in mine[true]
            group fact.WithGrantOption by fact with { WithGrantOption = false } into one
            select one.Key with { WithGrantOption = one.Contains(true) });
    }
}
