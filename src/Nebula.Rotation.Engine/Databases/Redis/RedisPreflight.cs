using System.Globalization;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>What stands in the way before anything is touched: the admin's rights, what a restart would make of it, room for two pools.</summary>
internal sealed class RedisPreflight(RedisNodes nodes, string adminUsername)
{
    /// <summary>What a rotation runs, as ACL DRYRUN takes it (a word behind the name for each argument that counts).</summary>
    private static readonly string[] Needed =
    [
        "ACL SETUSER x", "ACL DELUSER x", "ACL GETUSER x", "ACL LIST", "ACL CAT", "CLIENT LIST", "CLIENT KILL ID 1", "INFO", "TIME",
    ];

    public async Task<Preflight> RunAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken)
    {
        var rights = await MissingAsync(source, cancellationToken);
        var (blockers, warnings) = (new List<PlanBlocker>(), new List<string>());
        if (source.Username == adminUsername && !OwnAdmin.Is(credential))
        {
            blockers.Add(new(
                $"user {RedisDialect.Word(source.Username)}",
                "It is the admin login too: dropped, or with another password, it could not finish the rotation.",
                OwnAdmin.Advice(credential)));
        }

        Persistence(source, warnings);
        blockers.AddRange(await QuotesAsync(source, cancellationToken));
        blockers.AddRange(Servers(source));
        await RoomAsync(credential, source, blockers, cancellationToken);
        return new(rights, blockers, warnings);
    }

    /// <summary>ACL DRYRUN came with 7.0; before, a missing right shows as an error of the stage, which is taken back.</summary>
    private async Task<IReadOnlyList<string>> MissingAsync(LoginSnapshot source, CancellationToken cancellationToken)
    {
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        var keeps = source.List<NodePersistence>(HintNames.Persistence);
        foreach (var node in nodes.WithData)
        {
            var mine = keeps.Where(way => way.Node == node.Name).SelectMany(way => new[] { way.Users, way.Settings }).OfType<string>();
            string[] settings = source.Facts.Any(fact => fact.Kind == FactKinds.Replication) ? ["CONFIG SET x y"] : [];
            List<string> needed = [.. Needed, .. settings, .. mine];
            var replies = await node.AskAsync([.. needed.Select(command => (IReadOnlyList<string>)["ACL", "DRYRUN", adminUsername, .. command.Split(' ')])], cancellationToken);
            foreach (var (command, reply) in needed.Zip(replies))
            {
                // Denied reads as a sentence, not as an error; "no such command" and the like are a matter of the version.
                if (reply is string answer && answer.Contains("no permissions", StringComparison.Ordinal))
                    missing.Add(Rule(command));
            }
        }

        return missing.Count == 0 ? [] : [$"ACL SETUSER {RedisDialect.Word(adminUsername)} {string.Join(' ', missing)}"];
    }

    private static string Rule(string command) =>
        command.Split(' ') is [("ACL" or "CLIENT" or "CONFIG") and var container, var sub, ..] ? $"+{container}|{sub}".ToLowerInvariant() : $"+{command.Split(' ')[0]}".ToLowerInvariant();

    private static void Persistence(LoginSnapshot source, List<string> warnings)
    {
        var nodes = source.List<NodePersistence>(HintNames.Persistence);
        var forgetful = nodes.Where(node => node.Users is null).Select(node => node.Node).ToList();
        if (forgetful.Count > 0)
            warnings.Add($"{string.Join(", ", forgetful)}: there is neither an ACL file nor a configuration file, so a restart forgets the new login, and brings the old one back if it comes from elsewhere.");
        if (nodes.Any(node => node.Users == NodePersistence.ConfigFile))
            warnings.Add("Users are kept by CONFIG REWRITE, which makes permanent whatever else was changed in the servers' memory only.");
        else if (nodes.Any(node => node.Users == NodePersistence.AclFile))
            warnings.Add("Users are kept by ACL SAVE, which makes permanent whatever other users were changed in the servers' memory only.");
        if (source.List<string>(HintNames.RequirePass).Count > 0)
            warnings.Add("The password is the setting requirepass, which stands in the configuration file in clear, and will again.");
    }

    /// <summary>
    /// A server writes patterns into its files as they are and reads them as quoted text (src/config.c, rewriteConfigUserOption; src/sds.c, sdssplitargs): with a
    /// quote in any user's pattern it cannot start from what CONFIG REWRITE wrote, and with one in a selector not from what ACL SAVE wrote either.
    /// </summary>
    private async Task<IEnumerable<PlanBlocker>> QuotesAsync(LoginSnapshot source, CancellationToken cancellationToken)
    {
        var blockers = new List<PlanBlocker>();
        foreach (var way in source.List<NodePersistence>(HintNames.Persistence).Where(way => way.Users is not null))
        {
            if (nodes.All.FirstOrDefault(node => node.Name == way.Node) is not { } node)
                continue;
            var users = ((await node.RunAsync([["ACL", "LIST"]], cancellationToken))[0] as List<object?> ?? []).OfType<string>();
            foreach (var line in users)
            {
                var dangerous = way.Users == NodePersistence.AclFile ? Selectors(line) : line;
                if (!dangerous.Contains('"', StringComparison.Ordinal) && !dangerous.Contains('\'', StringComparison.Ordinal))
                    continue;
                blockers.Add(new(
                    $"user {line.Split(' ').ElementAtOrDefault(1)} on {node.Name}",
                    $"A pattern or name of it has a quote, and {way.Users} would write a file that the server cannot start from.",
                    "Write the pattern with ? in the quote's place, or keep users in an ACL file (aclfile) without a quote in a selector."));
            }
        }

        return blockers;
    }

    private static string Selectors(string line) => line.IndexOf(" (", StringComparison.Ordinal) is >= 0 and var at ? line[at..] : "";

    private IEnumerable<PlanBlocker> Servers(LoginSnapshot source)
    {
        foreach (var fact in source.Facts.Where(fact => fact.IsExclusive))
        {
            if (fact.Database is null)
            {
                yield return new(
                    $"sentinel {fact.ObjectName}",
                    "It logs in as this login, and is not among the nodes that are known here: it would be left with a login that is gone.",
                    "Name the sentinels in -HostName, beside the servers or in their place.");
            }
            else if (nodes.All.FirstOrDefault(node => node.Name == fact.Database) is { Connection.IsPrivate: false } open)
            {
                yield return new(
                    open.Name,
                    $"It logs in as this login ({fact.Name}), and would have to be told the password itself over a connection that is not encrypted.",
                    "Use TLS (-SslMode Require), or give it a login of its own.");
            }
        }
    }

    /// <summary>While both are live, the application's pools may stand twice.</summary>
    private async Task RoomAsync(DatabaseCredential credential, LoginSnapshot source, List<PlanBlocker> blockers, CancellationToken cancellationToken)
    {
        foreach (var node in nodes.WithData)
        {
            var replies = await node.AskAsync([["INFO", "clients"], ["CLIENT", "LIST"]], cancellationToken);
            var info = RedisNodes.ReadInfo(replies[0]);
            if (!int.TryParse(info.GetValueOrDefault("maxclients"), CultureInfo.InvariantCulture, out var most) || !int.TryParse(info.GetValueOrDefault("connected_clients"), CultureInfo.InvariantCulture, out var now))
                continue;
            var needed = credential.MaxConnections ?? ClientEntry.ReadAll(replies[1]).Count(entry => entry.User == source.Username && !entry.IsOurs);
            if (needed > most - now)
                blockers.Add(new(node.Name, $"A second pool does not fit: {needed} connections, and {Math.Max(most - now, 0)} of maxclients are free.", "Raise maxclients, shrink the pools, or rotate when fewer are open."));
        }
    }
}
