using System.Text.Json;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql.Catalog;

/// <summary>Collects what the grant tables say of one login.</summary>
internal sealed class SnapshotBuilder(string username, MySqlServerInfo server)
{
    private readonly HashSet<PermissionFact> _facts = [];
    private readonly List<PlanBlocker> _blockers = [];
    private readonly Dictionary<string, List<string>> _lists = [];
    private readonly Dictionary<string, string> _hints = [];

    public string Username => username;

    public MySqlServerInfo Server => server;

    public bool RolesAreAccounts => server.Has(MySqlFeatures.RolesAreAccounts);

    /// <summary>Hosts of the login's accounts.</summary>
    public List<string> Hosts { get; } = [];

    public void Add(PermissionFact fact) => _facts.Add(fact);

    public void Block(PlanBlocker blocker) => _blockers.Add(blocker);

    public void Hint(string name, string value) => _hints[name] = value;

    public void AddTo(string hint, string value)
    {
        if (!_lists.TryGetValue(hint, out var list))
            _lists[hint] = list = [];
        if (!list.Contains(value))
            list.Add(value);
    }

    /// <summary>An account or a role in a fact: the login's own, or another's as statements name it.</summary>
    public string Name(string user, string host) =>
        user == username && Hosts.Contains(host, StringComparer.OrdinalIgnoreCase) ? MySqlDialect.FactAccount(host) : MySqlDialect.Role(user, host, RolesAreAccounts || host.Length > 0);

    public LoginSnapshot Build()
    {
        foreach (var (hint, list) in _lists)
            _hints[hint] = JsonSerializer.Serialize(list);
        var locked = _lists.GetValueOrDefault(HintNames.Locked) ?? [];
        return new()
        {
            Username = username,
            Exists = Hosts.Count > 0,
            CanLogIn = Hosts.Any(host => !locked.Contains(host)),
            Server = server.Description,
            Facts = [.. _facts.OrderBy(fact => fact.ToString(), StringComparer.Ordinal)],
            Blockers = _blockers,
            Hints = _hints,
        };
    }
}
