using Nebula.Rotation.Engine.Databases.Redis.Rules;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>Facts → commands, by a list of rules. A command without a database goes to every node with data.</summary>
internal sealed class RedisPlanner(IReadOnlyList<IAclRule> rules) : ILoginPlanner
{
    public RedisPlanner()
        : this(AllRules)
    {
    }

    /// <summary>Every rule for additive facts.</summary>
    public static IReadOnlyList<IAclRule> AllRules { get; } =
    [
        new FlagRule(),
        new KeyRule(),
        new ChannelRule(),
        new DatabaseRule(),
        new CommandRule(),
        new SelectorRule(),
    ];

    public ClonePlan PlanClone(LoginSnapshot source, LoginSnapshot target)
    {
        var diff = RedisComparison.Additive(source, target, mayHaveMore: false);
        var (create, clone) = (new CommandList(RotationStage.CreateLogin), new CommandList(RotationStage.ClonePermissions));
        List<string?> there = target.Exists ? [.. target.GroupsOf()] : [];
        foreach (var group in source.GroupsOf())
        {
            // A node that has the login otherwise, or not at all, gets everything, and so do the others, to whom it is nothing new.
            var isWhole = !there.Contains(group) || target.Facts.Any(fact => fact.Kind == FactKinds.NodeDifference && fact.Database == group);
            if (!target.Exists)
                create.AddWithHash("Create", group, "ACL", "SETUSER", target.Username, "reset", "on");
            else if (isWhole || !target.CanLogIn)
                create.Add("Create", group, "ACL", "SETUSER", target.Username, "on");

            foreach (var rule in rules)
            {
                bool IsMine(PermissionFact fact) => fact.Database == group && rule.Handles(fact);
                if (!isWhole && !diff.Missing.Any(IsMine) && !diff.Extra.Any(IsMine))
                    continue;
                var wanted = source.Facts.Where(fact => IsMine(fact) && RedisComparison.IsAdditive(fact)).ToList();
                List<string> words = [.. rule.Words(new(wanted, (RedisFeatures)source.Server.Features, Beyond(wanted, source, target, group)))];
                if (words.Count > 0)
                    clone.Add(rule.Name, group, ["ACL", "SETUSER", target.Username, .. words]);
            }
        }

        if (create.Statements.Count + clone.Statements.Count > 0)
            clone.Persist(source, source.GroupsOf());
        return new()
        {
            CreateStatements = create.Statements,
            CloneStatements = clone.Statements,
            Blockers = [.. Blockers(source, target)],
            Warnings = [],
        };
    }

    public SnapshotDiff Compare(LoginSnapshot source, LoginSnapshot target, bool afterMove)
    {
        var diff = RedisComparison.Additive(source, target, mayHaveMore: afterMove);
        if (!afterMove)
            return diff;
        var owned = target.Facts.Where(fact => fact.IsExclusive).ToHashSet();
        var exclusive = source.Facts.Where(fact => fact.IsExclusive).ToList();
        return diff with
        {
            Missing = [.. diff.Missing, .. exclusive.Where(fact => !owned.Contains(fact))],
            Compared = diff.Compared + exclusive.Count,
        };
    }

    public IReadOnlyList<PlannedStatement> PlanPassword(LoginSnapshot login)
    {
        var list = new CommandList(RotationStage.CreateLogin);
        foreach (var group in login.GroupsOf())
            list.AddWithHash("Password", group, "ACL", "SETUSER", login.Username, "resetpass");
        return list.Statements;
    }

    public IReadOnlyList<PlannedStatement> PlanBlock(LoginSnapshot login) => Set("Block", login, "off");

    public IReadOnlyList<PlannedStatement> PlanUnblock(LoginSnapshot login) => Set("Block", login, "on");

    public IReadOnlyList<PlannedStep> PlanMove(LoginSnapshot from, LoginSnapshot to) => ServerLogins.Move(from, to);

    /// <summary>The overlap needs nothing: each login has its own rights, and nothing belongs to anybody.</summary>
    public IReadOnlyList<PlannedStatement> PlanEndOverlap(LoginSnapshot old, LoginSnapshot @new) => [];

    public IReadOnlyList<PlannedStatement> PlanDrop(LoginSnapshot login, LoginSnapshot successor)
    {
        if (!login.Exists)
            return [];
        var list = new CommandList(RotationStage.Retire);
        foreach (var group in login.GroupsOf())
            list.Add(CommandList.DropRule, group, "ACL", "DELUSER", login.Username);
        list.Persist(login, login.GroupsOf());
        return list.Statements;
    }

    public IReadOnlyList<PlannedStatement> PlanIdle(LoginSnapshot login, LoginSnapshot successor) => Set("Idle", login, "off", "resetpass");

    private static IReadOnlyList<PlannedStatement> Set(string rule, LoginSnapshot login, params string[] words)
    {
        if (!login.Exists)
            return [];
        var list = new CommandList(RotationStage.Retire);
        foreach (var group in login.GroupsOf())
            list.Add(rule, group, ["ACL", "SETUSER", login.Username, .. words]);
        list.Persist(login, login.GroupsOf());
        return list.Statements;
    }

    /// <summary>
    /// Where the sum of two logins' commands is wanted (a live login only gains), the rules are the first one's, and behind them every command that only
    /// the second allows, by its own name: no category of the second can bring back what the first takes away.
    /// </summary>
    private static IReadOnlyCollection<string> Beyond(List<PermissionFact> wanted, LoginSnapshot source, LoginSnapshot target, string? group) =>
        wanted.Count > 1 && wanted[0].Kind == FactKinds.Commands && source.AllowedIn(group) is { } first && target.AllowedIn(group) is { } second
            ? [.. second.Except(first).Order(StringComparer.Ordinal)]
            : [];

    private static IEnumerable<PlanBlocker> Blockers(LoginSnapshot source, LoginSnapshot target)
    {
        var user = $"user {RedisDialect.Word(source.Username)}";
        if (source.Username == RedisDialect.DefaultUser || target.Username == RedisDialect.DefaultUser)
        {
            yield return new(
                $"user {RedisDialect.DefaultUser}",
                "It is who logs in without a name, and cannot be called otherwise or dropped.",
                "Rotate its password: -Strategy DualPassword.");
        }

        foreach (var blocker in PasswordBlockers(source, user))
            yield return blocker;
        foreach (var blocker in NodeBlockers(source, user))
            yield return blocker;
    }

    /// <summary>What stands in the way whatever the strategy: what cannot be reproduced or would be lost.</summary>
    internal static IEnumerable<PlanBlocker> PasswordBlockers(LoginSnapshot source, string user)
    {
        if (source.Hints.GetValueOrDefault(HintNames.NoPassword) == "true")
            yield return new(user, "It needs no password (nopass): everybody has it.", $"Run ACL SETUSER {RedisDialect.Word(source.Username)} resetpass >password, give it to the application and to the store.");
        if (source.Exists && source.Hints.TryGetValue(HintNames.Passwords, out var passwords) && passwords is not ("0" or "1"))
            yield return new(user, $"It has {passwords} passwords, and only one is known to the store: who uses the others would lose them.", "Take the others away: ACL SETUSER … !hash (ACL GETUSER shows the hashes).");
        foreach (var sentence in source.List<string>(HintNames.Strange))
            yield return new(user, $"{sentence} It would be lost.", "Use a newer version of this module, or take it away from the login.");
    }

    internal static IEnumerable<PlanBlocker> NodeBlockers(LoginSnapshot source, string user)
    {
        foreach (var node in source.Facts.Where(fact => fact.Kind == FactKinds.NodeDifference).GroupBy(fact => fact.ObjectName))
        {
            yield return new(
                user,
                $"On {node.Key} it is not what it is on the other nodes: {string.Join("; ", node.Take(3).Select(fact => $"{fact.Name} {fact.Value}"))}.",
                "Make it the same on every node (Resume-NebulaRotation does, from the primary), then run this again.");
        }
    }
}
