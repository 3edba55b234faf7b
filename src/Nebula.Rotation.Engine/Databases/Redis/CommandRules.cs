using System.Collections.Concurrent;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>
/// What command rules allow, worked out as the server does it (src/acl.c, ACLSetSelector), since two texts can mean the same: a server before 7.2 writes
/// rules anew in an order of its own. Categories are the server's, with subcommands where it has them.
/// </summary>
internal sealed class CommandRules
{
    private readonly HashSet<string> _all;
    private readonly Dictionary<string, HashSet<string>> _categories;

    /// <summary>A rotation asks again and again for the rules of two users, which are mostly the same.</summary>
    private readonly ConcurrentDictionary<string, IReadOnlyCollection<string>> _allowed = new(StringComparer.Ordinal);

    private CommandRules(HashSet<string> all, Dictionary<string, HashSet<string>> categories)
    {
        _all = all;
        _categories = categories;
    }

    /// <summary>Asks a server for its commands and categories: two round trips.</summary>
    public static async Task<CommandRules> ReadAsync(RedisNode node, CancellationToken cancellationToken)
    {
        var names = Texts((await node.RunAsync([["ACL", "CAT"]], cancellationToken))[0]).ToList();
        var replies = await node.AskAsync([["COMMAND", "LIST"], .. names.Select(name => (IReadOnlyList<string>)["ACL", "CAT", name])], cancellationToken);
        var categories = names.Zip(replies.Skip(1)).ToDictionary(pair => pair.First, pair => Texts(pair.Second).ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
        // COMMAND LIST came with 7.0 and may be denied; every command is in some category.
        return new([.. Texts(replies[0]), .. categories.Values.SelectMany(commands => commands)], categories);
    }

    /// <summary>The commands that rules allow; a first argument that is allowed (<c>select|0</c>) is one by itself.</summary>
    public IReadOnlyCollection<string> Allowed(string rules) => _allowed.GetOrAdd(rules, WorkOut);

    private SortedSet<string> WorkOut(string rules)
    {
        var allowed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var rule in rules.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var (isGiven, name) = rule switch
            {
                "allcommands" => (true, "@all"),
                "nocommands" => (false, "@all"),
                _ => (rule[0] == '+', rule[1..].ToLowerInvariant()),
            };
            var commands = name == "@all" ? (IEnumerable<string>)(isGiven ? _all : [.. allowed])
                : name[0] == '@' ? _categories.GetValueOrDefault(name[1..], [])
                : name.Contains('|', StringComparison.Ordinal) ? [name]
                : [name, .. (isGiven ? _all : [.. allowed]).Where(command => command.StartsWith(name + "|", StringComparison.Ordinal))];
            if (isGiven)
                allowed.UnionWith(commands);
            else
                allowed.ExceptWith([.. commands]);
        }

        return allowed;
    }

    private static IEnumerable<string> Texts(object? reply) => (reply as List<object?> ?? []).OfType<string>().Select(text => text.ToLowerInvariant());
}
