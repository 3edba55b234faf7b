using Nebula.Rotation.Engine.Databases.MySql.Definers;
using Nebula.Rotation.Engine.Databases.MySql.Rules;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>Facts → statements, by a list of rules.</summary>
internal sealed class MySqlPlanner(IReadOnlyList<IFactRule> rules) : ILoginPlanner
{
    public MySqlPlanner()
        : this(AllRules)
    {
    }

    /// <summary>
    /// Every rule for additive facts, in the order in which facts are given: accounts before what they have, global privileges before what takes part of them
    /// back, roles before they are default.
    /// </summary>
    public static IReadOnlyList<IFactRule> AllRules { get; } =
    [
        new AccountRule(),
        new AttributeRule(),
        new MetadataRule(),
        new PrivilegeRule("GlobalPrivilege", FactKinds.Global),
        new DynamicPrivilegeRule(),
        new RestrictionRule(),
        new PrivilegeRule("DatabasePrivilege", FactKinds.DatabaseType),
        new PrivilegeRule("TablePrivilege", FactKinds.Table),
        new PrivilegeRule("ColumnPrivilege", FactKinds.Column),
        new PrivilegeRule("RoutinePrivilege", FactKinds.Function, FactKinds.Procedure, "PACKAGE", "PACKAGE BODY", "LIBRARY"),
        new MembershipRule("MemberOf", FactKinds.MemberOf),
        new MembershipRule("HasMember", FactKinds.HasMember),
        new DefaultRoleRule(),
        new DefaultRoleOfRule(),
        new ProxyRule(),
    ];

    public ClonePlan PlanClone(LoginSnapshot source, LoginSnapshot target)
    {
        var diff = MySqlComparison.Additive(source, target);
        var create = new StatementList(RotationStage.CreateLogin);
        Apply(target, source, diff, create, rules.Where(IsOfCreation));

        // What an account had that is dropped is gone with it, but for those who may act for it.
        var dropped = diff.Extra.Where(fact => fact.Kind == FactKinds.Account).Select(fact => fact.Grantee)
            .Except(diff.Missing.Where(fact => fact.Kind == FactKinds.Account).Select(fact => fact.Grantee)).ToHashSet();
        if (target.Exists)
            Switch(target with { Facts = [.. target.Facts.Where(fact => !dropped.Contains(fact.Grantee))] }, "UNLOCK", create);
        var left = diff with { Extra = [.. diff.Extra.Where(fact => !dropped.Contains(fact.Grantee))] };
        var clone = new StatementList(RotationStage.ClonePermissions);
        Apply(target, source, left, clone, rules.Where(rule => !IsOfCreation(rule)));
        return new()
        {
            CreateStatements = create.Statements,
            CloneStatements = clone.Statements,
            Blockers = [.. source.Blockers, .. Blockers(source)],
            Warnings = [.. Warnings(source)],
        };
    }

    public SnapshotDiff Compare(LoginSnapshot source, LoginSnapshot target, bool afterMove)
    {
        var diff = MySqlComparison.Additive(source, target);
        if (!afterMove)
            return diff;
        var defined = target.Facts.Where(fact => fact.IsExclusive).ToHashSet();
        var exclusive = source.Facts.Where(fact => fact.IsExclusive).ToList();
        return diff with
        {
            Missing = [.. diff.Missing, .. exclusive.Where(fact => !defined.Contains(fact))],
            Compared = diff.Compared + exclusive.Count,
        };
    }

    public IReadOnlyList<PlannedStatement> PlanPassword(LoginSnapshot login)
    {
        var list = new StatementList(RotationStage.CreateLogin);
        foreach (var account in Accounts(login))
            AccountRule.Identify(list, "Password", "ALTER", login, account);
        return list.Statements;
    }

    public IReadOnlyList<PlannedStatement> PlanBlock(LoginSnapshot login) => Switch(login, "LOCK", new(RotationStage.Retire));

    public IReadOnlyList<PlannedStatement> PlanUnblock(LoginSnapshot login) => Switch(login with { CanLogIn = false }, "UNLOCK", new(RotationStage.Retire));

    public IReadOnlyList<PlannedStep> PlanMove(LoginSnapshot from, LoginSnapshot to) => [.. DefinerStatements.Move(from, to)];

    /// <summary>Both logins have their own of everything: nothing is there for the overlap only.</summary>
    public IReadOnlyList<PlannedStatement> PlanEndOverlap(LoginSnapshot old, LoginSnapshot @new) => [];

    public IReadOnlyList<PlannedStatement> PlanDrop(LoginSnapshot login, LoginSnapshot successor)
    {
        if (!login.Exists)
            return [];
        if (login.Facts.FirstOrDefault(fact => fact.IsExclusive) is { } left)
        {
            throw new RotationException(
                RotationErrorCode.DatabaseError, $"'{login.Username}' is the definer of {left.ObjectType!.ToLowerInvariant()} {left.ObjectName}, and a definer that is gone makes it fail.");
        }

        var list = new StatementList(RotationStage.Retire);
        if (ExplainKept(login) is not null)
        {
            PutAside(login, list);
            return list.Statements;
        }

        // DROP USER takes the rest, but for rights on routines when the user's name is beyond ASCII: the next account of that name would find them.
        Take(login, list, fact => fact.Kind == FactKinds.Proxy
            || (fact.Kind == FactKinds.Privilege && fact.ObjectType is FactKinds.Function or FactKinds.Procedure && !System.Text.Ascii.IsValid(login.Username)));
        list.Add("Drop", $"DROP USER {MySqlDialect.List(Names(login))}");
        return list.Statements;
    }

    public string? ExplainKept(LoginSnapshot login)
    {
        var kept = login.Facts.Where(fact => fact.Kind == FactKinds.KeptDefiner).ToList();
        return kept.Count == 0 ? null : $"it is the definer of {Name(kept)}";
    }

    public IReadOnlyList<PlannedStatement> PlanIdle(LoginSnapshot login, LoginSnapshot successor)
    {
        var list = new StatementList(RotationStage.Retire);
        if (login.Exists)
            PutAside(login, list);
        return list.Statements;
    }

    /// <summary>Statements that make and change accounts, which CreateLogin runs; everything else is ClonePermissions'.</summary>
    private static bool IsOfCreation(IFactRule rule) => rule is AccountRule or AttributeRule or MetadataRule;

    /// <summary>
    /// The account stays, for its next turn or as a definer: nobody can log in to it, nobody knows a password of it, nobody has anything through it. What it has
    /// itself stays: a view or routine runs with it.
    /// </summary>
    private void PutAside(LoginSnapshot login, StatementList list)
    {
        Take(login, list, fact => fact.Kind is FactKinds.HasMember or FactKinds.DefaultRoleOf or FactKinds.Proxy);
        list.Add("Idle", $"ALTER USER {MySqlDialect.List(Names(login).Select(name => name))} ACCOUNT LOCK");
        foreach (var account in Accounts(login))
            list.Add("Idle", AccountRule.Nobody(login, account));
    }

    private void Take(LoginSnapshot login, StatementList list, Func<PermissionFact, bool> which)
    {
        var facts = login.Facts.Where(which).ToList();
        foreach (var rule in rules.Reverse())
            rule.Take(new(login, list), new([], [.. facts.Where(rule.Handles)]));
    }

    private static void Apply(LoginSnapshot target, LoginSnapshot source, SnapshotDiff changes, StatementList output, IEnumerable<IFactRule> rules)
    {
        var context = new RuleContext(target, output) { Other = source };
        var work = (from rule in rules select (rule, changes: new FactChanges([.. changes.Missing.Where(rule.Handles)], [.. changes.Extra.Where(rule.Handles)]))).ToList();
        foreach (var (rule, mine) in Enumerable.Reverse(work))
            rule.Take(context, mine);
        foreach (var (rule, mine) in work)
            rule.Give(context, mine);
    }

    private static IReadOnlyList<PlannedStatement> Switch(LoginSnapshot login, string state, StatementList list)
    {
        var locked = login.List(HintNames.Locked);
        if (login.Exists && (state == "LOCK" || !login.CanLogIn || locked.Count > 0))
            list.Add("Block", $"ALTER USER {MySqlDialect.List(Names(login))} ACCOUNT {state}");
        return list.Statements;
    }

    private static IEnumerable<PermissionFact> Accounts(LoginSnapshot login) => login.Facts.Where(fact => fact.Kind == FactKinds.Account);

    private static IEnumerable<string> Names(LoginSnapshot login) => Accounts(login).Select(fact => MySqlDialect.Render(fact.Grantee, login.Username));

    private static IEnumerable<PlanBlocker> Blockers(LoginSnapshot source)
    {
        var locked = source.List(HintNames.Locked);
        if (source.CanLogIn && locked.Count > 0)
        {
            yield return new(
                $"account {MySqlDialect.Account(source.Username, locked[0])}",
                "It is locked while another account of the same name is not: blocking and unblocking the login would lose which.",
                "Unlock it, or drop it.");
        }

        foreach (var blocker in DefinerStatements.Blockers(source))
            yield return blocker;
    }

    private static string Name(List<PermissionFact> objects) =>
        string.Join(", ", objects.Take(5).Select(fact => $"{fact.ObjectType!.ToLowerInvariant()} {fact.ObjectName}")) + (objects.Count > 5 ? $" and {objects.Count - 5} more" : "");

    private static IEnumerable<string> Warnings(LoginSnapshot source)
    {
        foreach (var dead in source.List(HintNames.Dead))
            yield return $"{source.Username} has {dead}, which is not there any more: the server takes no such grant, and the new login will not have it should it come back.";
        foreach (var fact in source.Facts.Where(fact => fact.Kind == FactKinds.Privilege && fact.ObjectType is FactKinds.Function or FactKinds.Procedure && !System.Text.Ascii.IsValid(fact.ObjectName)))
            yield return $"{source.Username} has {fact.Name} on {fact.ObjectType!.ToLowerInvariant()} {fact.ObjectName}: servers forget rights on routines with such names when they read their grant tables anew. Never run FLUSH PRIVILEGES.";
        var kept = source.Facts.Where(fact => fact.Kind == FactKinds.KeptDefiner).ToList();
        if (kept.Count > 0)
        {
            yield return
                $"{source.Username} is the definer of {Name(kept)}: "
                + $"its accounts are kept for them, locked and without a password that anybody has. -Option @{{ {MySqlOptions.DefinersName} = '{MySqlOptions.Recreate}' }} makes them again with the new login instead.";
        }
    }
}
