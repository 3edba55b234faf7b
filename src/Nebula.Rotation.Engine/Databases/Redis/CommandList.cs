using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>Collects the commands of a plan, as text.</summary>
internal sealed class CommandList(RotationStage stage)
{
    /// <summary>The rule of DELUSER.</summary>
    public const string DropRule = "Drop";

    /// <summary>The rule of what keeps changes over a restart.</summary>
    public const string PersistRule = "Persist";

    private readonly List<PlannedStatement> _statements = [];

    public IReadOnlyList<PlannedStatement> Statements => _statements;

    public void Add(string rule, string? database, params IEnumerable<string> words) => _statements.Add(new()
    {
        Stage = stage,
        Database = database,
        Text = RedisDialect.Command(words),
        Rule = rule,
    });

    /// <summary>The same with the password's hash as the last word.</summary>
    public void AddWithHash(string rule, string? database, params IEnumerable<string> words) => AddWithSlot(rule, database, " #", words);

    /// <summary>The same with the password itself as the last word: where the server takes nothing else.</summary>
    public void AddWithPassword(string rule, string? database, params IEnumerable<string> words) => AddWithSlot(rule, database, " ", words);

    /// <summary>Keeps the users of groups: by one command where all nodes of a group keep them in the same way.</summary>
    public void Persist(LoginSnapshot login, IEnumerable<string?> groups)
    {
        var wanted = groups.ToHashSet();
        foreach (var nodes in login.List<NodePersistence>(HintNames.Persistence).Where(node => wanted.Contains(node.Group)).GroupBy(node => node.Group))
        {
            var ways = nodes.GroupBy(node => node.Users).ToList();
            if (ways is [{ Key: { } same }])
                AddText(nodes.Key, same);
            else
                foreach (var node in nodes.Where(node => node.Users is not null))
                    AddText(node.Node, node.Users!);
        }
    }

    /// <summary>Keeps the settings of some nodes.</summary>
    public void PersistSettings(LoginSnapshot login, IReadOnlyCollection<string> names)
    {
        foreach (var node in login.List<NodePersistence>(HintNames.Persistence).Where(node => node.Settings is not null && names.Contains(node.Node)))
            AddText(node.Node, node.Settings!);
    }

    private void AddText(string? database, string text) => _statements.Add(new() { Stage = stage, Database = database, Text = text, Rule = PersistRule });

    private void AddWithSlot(string rule, string? database, string before, IEnumerable<string> words) => _statements.Add(new()
    {
        Stage = stage,
        Database = database,
        Text = RedisDialect.Command(words) + before,
        TextAfterPassword = "",
        Rule = rule,
    });
}
