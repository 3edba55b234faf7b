using System.Globalization;
using System.Text.Json;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>Reads a login on every node, and makes one snapshot of it: what all nodes of a group have, and where they differ.</summary>
internal sealed class RedisCatalog(RedisNodes nodes)
{
    private readonly Dictionary<string, CommandRules> _rules = [];

    public async Task<LoginSnapshot> ReadAsync(string username, CancellationToken cancellationToken)
    {
        var readings = await Task.WhenAll(nodes.All.Select(node => ReadAsync(node, username, cancellationToken)));
        readings = OnlyTheSame(readings);
        var found = readings.Where(reading => reading.User is not null).ToList();
        // Where the login is on no sentinel it need not be on any.
        var groups = found.Select(reading => reading.Node.Group).Distinct().ToList();
        var (facts, hints) = (new List<PermissionFact>(), new Dictionary<string, string>());
        foreach (var group in groups)
            facts.AddRange(await MergeAsync([.. readings.Where(reading => reading.Node.Group == group)], group, hints, cancellationToken));
        facts.AddRange(readings.SelectMany(reading => reading.Uses));
        facts.AddRange(await FindMonitorsAsync(readings, username, cancellationToken));

        hints[HintNames.Groups] = JsonSerializer.Serialize(groups.Select(group => group ?? ""));
        hints[HintNames.Passwords] = found.Select(reading => reading.User!.Hashes.Count).DefaultIfEmpty(0).Max().ToString(CultureInfo.InvariantCulture);
        hints[HintNames.NoPassword] = found.Any(reading => reading.User!.NeedsNoPassword) ? "true" : "false";
        hints[HintNames.Strange] = JsonSerializer.Serialize(found.SelectMany(reading => reading.User!.Strange.Select(sentence => $"{reading.Node.Name}: {sentence}")));
        hints[HintNames.Persistence] = JsonSerializer.Serialize(readings.Select(reading => reading.Persistence));
        hints[HintNames.RequirePass] = JsonSerializer.Serialize(readings.Where(reading => reading.HasRequirePass).Select(reading => reading.Node.Name));
        // What a user of the server can be is asked of one that is always there.
        var features = readings.Where(reading => !reading.Node.IsSentinel).Select(reading => reading.Features).Aggregate((RedisFeatures)(-1), (all, one) => all & one);
        return new()
        {
            Username = username,
            Exists = found.Count > 0,
            CanLogIn = found.Any(reading => reading.User!.IsOn),
            Server = new(nodes.Primary.Version, (long)features),
            Facts = facts,
            Hints = hints,
        };
    }

    /// <summary>
    /// A sentinel's user of that name is this login when it has the same password, or none for now (an idle one). Another password is another matter: the
    /// application knows it from elsewhere. And every sentinel has a default user, mostly one that everybody is.
    /// </summary>
    private static Reading[] OnlyTheSame(Reading[] readings)
    {
        var hashes = readings.Where(reading => !reading.Node.IsSentinel && reading.User is not null).SelectMany(reading => reading.User!.Hashes).ToHashSet();
        return
        [
            .. readings.Select(reading => reading is { Node.IsSentinel: true, User: { } user } && (user.NeedsNoPassword || (user.Hashes.Count > 0 && !user.Hashes.Any(hashes.Contains)))
                ? reading with { User = null }
                : reading),
        ];
    }

    private static async Task<Reading> ReadAsync(RedisNode node, string username, CancellationToken cancellationToken)
    {
        List<IReadOnlyList<string>> commands = [["ACL", "GETUSER", username], ["ACL", "GETUSER", RedisDialect.DefaultUser]];
        if (!node.IsSentinel)
            commands.AddRange([["CONFIG", "GET", "aclfile"], ["CONFIG", "GET", "masteruser"], ["CONFIG", "GET", "masterauth"], ["CONFIG", "GET", "requirepass"]]);
        // Some services take CONFIG away; then what it would say is not known, and preflight says so.
        var replies = await node.AskAsync(commands, cancellationToken);
        foreach (var index in new[] { 0, 1 })
        {
            if (replies[index] is RespError error)
                throw RedisErrors.OfCommand(error, node.Endpoint, "ACL GETUSER");
        }

        var reading = new Reading(node, AclUser.Read(replies[0]), AclUser.Read(replies[1])?.Features ?? RedisFeatures.None);
        if (node.IsSentinel)
            return reading with { Persistence = new(node.Name, node.Group, NodePersistence.SentinelFile, null) };
        var settings = node.HasConfigFile ? NodePersistence.ConfigFile : null;
        var (masterUser, hasMasterAuth) = (Setting(replies[3]), Setting(replies[4]).Length > 0);
        return reading with
        {
            Persistence = new(node.Name, null, Setting(replies[2]).Length > 0 ? NodePersistence.AclFile : settings, settings),
            HasRequirePass = username == RedisDialect.DefaultUser && Setting(replies[5]).Length > 0,
            Uses = hasMasterAuth && username == (masterUser.Length > 0 ? masterUser : RedisDialect.DefaultUser)
                ? [new() { Kind = FactKinds.Replication, Database = node.Name, Name = "masteruser", IsExclusive = true }]
                : [],
        };
    }

    private async Task<IEnumerable<PermissionFact>> MergeAsync(List<Reading> readings, string? group, Dictionary<string, string> hints, CancellationToken cancellationToken)
    {
        var reference = readings.Find(reading => reading.Node == nodes.Primary && reading.User is not null) ?? readings.First(reading => reading.User is not null);
        var expected = reference.User!.Facts.ToHashSet();
        var allowed = await AllowedAsync(reference, cancellationToken);
        hints[HintNames.In(HintNames.Allowed, group)] = string.Join(' ', allowed);

        var differences = new List<PermissionFact>();
        var common = new HashSet<PermissionFact>(expected);
        foreach (var reading in readings.Where(reading => reading != reference))
        {
            if (reading.User is not { } user)
            {
                differences.Add(Difference(reading, "the login", "missing"));
                common.Clear();
                continue;
            }

            var facts = user.Facts.ToHashSet();
            if (user.Commands != reference.User.Commands && (await AllowedAsync(reading, cancellationToken)).SequenceEqual(allowed))
            {
                facts.RemoveWhere(fact => fact.Kind == FactKinds.Commands);
                facts.UnionWith(expected.Where(fact => fact.Kind == FactKinds.Commands));
            }

            differences.AddRange(expected.Except(facts).Select(fact => Difference(reading, fact.ToString(), "missing")));
            differences.AddRange(facts.Except(expected).Select(fact => Difference(reading, fact.ToString(), "too much")));
            if (user.IsOn != reference.User.IsOn)
                differences.Add(Difference(reading, "state", user.IsOn ? "on" : "off"));
            if (!user.Hashes.Order(StringComparer.Ordinal).SequenceEqual(reference.User.Hashes.Order(StringComparer.Ordinal)))
                differences.Add(Difference(reading, "passwords", "others"));
            common.IntersectWith(facts);
        }

        return [.. common.Select(fact => fact with { Database = group }), .. differences];

        PermissionFact Difference(Reading reading, string name, string what) =>
            new() { Kind = FactKinds.NodeDifference, Database = group, ObjectType = "NODE", ObjectName = reading.Node.Name, Name = name, Value = what };
    }

    /// <summary>Nodes of one version have the same commands and categories, unless modules differ.</summary>
    private async Task<IReadOnlyCollection<string>> AllowedAsync(Reading reading, CancellationToken cancellationToken)
    {
        var key = $"{reading.Node.Group} {reading.Node.Name}";
        if (!_rules.TryGetValue(key, out var rules))
            _rules[key] = rules = await CommandRules.ReadAsync(reading.Node, cancellationToken);
        return rules.Allowed(reading.User!.Commands);
    }

    /// <summary>
    /// No sentinel tells whom it logs in as, but its connections do: they are called sentinel-, the first eight digits of its id, and cmd or pubsub.
    /// </summary>
    private async Task<IEnumerable<PermissionFact>> FindMonitorsAsync(IReadOnlyList<Reading> readings, string username, CancellationToken cancellationToken)
    {
        if (readings.All(reading => reading.Node.Mode == "cluster"))
            return [];
        var clients = await Task.WhenAll(nodes.WithData.Select(async node => ClientEntry.ReadAll((await node.RunAsync([["CLIENT", "LIST"]], cancellationToken))[0])));
        var monitors = clients.SelectMany(entries => entries).Where(entry => entry.IsSentinel && entry.User == username).Select(entry => entry.Name.Split('-')[1]).ToHashSet();
        if (monitors.Count == 0)
            return [];
        var facts = new List<PermissionFact>();
        foreach (var sentinel in nodes.Sentinels)
        {
            var id = (await sentinel.RunAsync([["SENTINEL", "MYID"]], cancellationToken))[0] as string ?? "";
            if (id.Length >= 8 && monitors.Remove(id[..8]) && await nodes.FindServiceAsync(sentinel, cancellationToken) is { } service)
                facts.Add(new() { Kind = FactKinds.Monitor, Database = sentinel.Name, ObjectType = "SERVICE", ObjectName = service, Name = "auth-user", IsExclusive = true });
        }

        // Those that nobody named: found, and not to be reached.
        facts.AddRange(monitors.Select(id => new PermissionFact { Kind = FactKinds.Monitor, ObjectType = "SENTINEL", ObjectName = id, Name = "auth-user", IsExclusive = true }));
        return facts;
    }

    /// <summary>The value in an answer of CONFIG GET; empty when it was refused.</summary>
    private static string Setting(object? reply) => reply is List<object?> { Count: >= 2 } pair ? pair[1] as string ?? "" : "";

    private sealed record Reading(RedisNode Node, AclUser? User, RedisFeatures Features)
    {
        public NodePersistence Persistence { get; init; } = new("", null, null, null);

        public bool HasRequirePass { get; init; }

        public IReadOnlyList<PermissionFact> Uses { get; init; } = [];
    }
}
