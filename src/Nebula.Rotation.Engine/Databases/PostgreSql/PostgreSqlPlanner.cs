using Nebula.Rotation.Engine.Databases.PostgreSql.Rules;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>Facts → statements, by a list of rules.</summary>
internal sealed class PostgreSqlPlanner(IReadOnlyList<IFactRule> rules) : ILoginPlanner
{
    public PostgreSqlPlanner()
        : this(AllRules)
    {
    }

    /// <summary>
    /// Every rule for additive facts, in the order in which facts are given: attributes before what needs them, a grant option before what is
    /// granted by it.
    /// </summary>
    public static IReadOnlyList<IFactRule> AllRules { get; } =
    [
        new AttributeRule(),
        new CommentRule(),
        new SecurityLabelRule(),
        new SettingRule(),
        new SearchPathRule(),
        new MembershipRule(),
        new PrivilegeRule(),
        new DefaultPrivilegeRule(),
        new GrantedMembershipRule(),
        new GrantedPrivilegeRule(),
        new UserMappingRule(),
        new PolicyRule(),
    ];

    private const int NamedFacts = 3;

    public ClonePlan PlanClone(LoginSnapshot source, LoginSnapshot target)
    {
        var diff = PostgreSqlComparison.Additive(source, target);
        var create = new StatementList(RotationStage.CreateLogin);
        Enable(target, diff, create);
        AdminRule.Join(source, target, create);

        var clone = new StatementList(RotationStage.ClonePermissions);
        var changes = Changes(source, target, diff);
        Apply(new(target, clone) { Other = source }, changes, rules.Where(rule => rule is not AttributeRule));
        OverlapRule.Begin(source, target, clone);
        return new()
        {
            CreateStatements = create.Statements,
            CloneStatements = clone.ByDatabase(Home(target, source), homeFirst: true),
            Blockers = [.. source.Blockers, .. Blockers(source), .. TargetBlockers(source, target, diff)],
            Warnings = [.. Warnings(source, target)],
        };
    }

    public SnapshotDiff Compare(LoginSnapshot source, LoginSnapshot target, bool afterMove)
    {
        var diff = PostgreSqlComparison.Additive(source, target);
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

    public IReadOnlyList<PlannedStatement> PlanPassword(LoginSnapshot login) =>
    [
        new()
        {
            Stage = RotationStage.CreateLogin,
            Text = $"ALTER ROLE {PostgreSqlDialect.Identifier(login.Username)} WITH PASSWORD ",
            TextAfterPassword = "",
            Rule = "Password",
        },
    ];

    public IReadOnlyList<PlannedStatement> PlanBlock(LoginSnapshot login) => Switch(login, "NOLOGIN");

    public IReadOnlyList<PlannedStatement> PlanUnblock(LoginSnapshot login) => Switch(login, "LOGIN");

    public IReadOnlyList<PlannedStep> PlanMove(LoginSnapshot from, LoginSnapshot to) => [.. OwnershipRule.Move(from, to)];

    public IReadOnlyList<PlannedStatement> PlanEndOverlap(LoginSnapshot old, LoginSnapshot @new)
    {
        var list = new StatementList(RotationStage.Retire);
        OverlapRule.End(old, @new, list);
        return list.ByDatabase(Home(old, @new), homeFirst: true);
    }

    public IReadOnlyList<PlannedStatement> PlanDrop(LoginSnapshot login, LoginSnapshot successor)
    {
        if (!login.Exists)
            return [];
        var list = new StatementList(RotationStage.Retire);
        if (successor.Exists)
        {
            // What others have from the login, they have from the successor before it is taken: granted at the clone, and here if it came later.
            var diff = PostgreSqlComparison.Additive(login, successor);
            foreach (var rule in rules.Where(rule => rule is GrantedPrivilegeRule or GrantedMembershipRule))
                rule.Give(new(successor, list) { Other = login }, new([.. diff.Missing.Where(rule.Handles)], [.. diff.Extra.Where(rule.Handles)]));
        }

        foreach (var rule in rules.Reverse().Where(rule => !rule.GoesWithLogin))
            rule.Take(new(login, list) { Other = successor }, new([], [.. login.Facts.Where(rule.Handles)]));
        list.Add(StatementList.DropRule, null, $"DROP ROLE {PostgreSqlDialect.Identifier(login.Username)}");
        return list.ByDatabase(Home(login, successor), homeFirst: false);
    }

    private static string? Home(params ReadOnlySpan<LoginSnapshot> logins)
    {
        foreach (var login in logins)
        {
            if (login.Hints.TryGetValue(HintNames.Database, out var database))
                return database;
        }

        return null;
    }

    public IReadOnlyList<PlannedStatement> PlanIdle(LoginSnapshot login, LoginSnapshot successor)
    {
        if (!login.Exists)
            return [];
        var list = new StatementList(RotationStage.Retire);
        var context = new RuleContext(login, list) { Other = successor };
        OverlapRule.End(login, successor, list);
        var others = AdminRule.GivenByOthers(login);

        // What others have from the login, or as its members, they have from the successor too: proved before. Here it would outlive whatever is
        // revoked there until the next turn. Members with ADMIN OPTION are those who administer the login, and stay.
        var throughIt = OverlapRule.Without(login, successor)
            .Where(fact => !others.ContainsKey(fact.ToString()))
            .Where(fact => fact.Kind is FactKinds.GrantedPrivilege or FactKinds.GrantedMembership || fact is { Kind: FactKinds.HasMember, WithGrantOption: false })
            .ToList();
        foreach (var rule in rules.Reverse())
            rule.Take(context, new([], [.. throughIt.Where(rule.Handles)]));
        list.Add("Idle", null, $"ALTER ROLE {context.LoginName} WITH NOLOGIN PASSWORD NULL");
        return list.ByDatabase(Home(login, successor), homeFirst: false);
    }

    /// <summary>
    /// For an admin that is no superuser, and that others have given the login rights of which it can take none back: then a drop fails. It leaves the login blocked, without a password and without
    /// what it can take, and the rest is nobody's.
    /// </summary>
    public DisablePlan? PlanDisable(LoginSnapshot login, LoginSnapshot successor)
    {
        if (AdminRule.Admin(login) is null || !login.Exists)
            return null;
        var others = AdminRule.GivenByOthers(login);
        var list = new StatementList(RotationStage.Retire);
        var context = new RuleContext(login, list) { Other = successor };
        var left = login.Facts.Where(fact => fact.Kind == FactKinds.Privilege && others.ContainsKey(fact.ToString())).ToList();
        // Without the overlap, whose end is in the other statements already.
        var taken = OverlapRule.Without(login, successor).Where(fact => !others.ContainsKey(fact.ToString()) && fact.Kind is FactKinds.Privilege or FactKinds.DefaultPrivilege or FactKinds.Policy).ToList();
        foreach (var rule in rules.Reverse())
            rule.Take(context, new([], [.. taken.Where(rule.Handles)]));
        return new(
            [.. PlanIdle(login, successor), .. list.ByDatabase(Home(login, successor), homeFirst: true)],
            left.Count == 0 ? null : $"the admin cannot take back what {string.Join(", ", left.Select(fact => others[fact.ToString()]).Distinct())} granted ({Describe(left)}); a superuser can drop it");

        static string Describe(List<PermissionFact> facts) =>
            string.Join(", ", facts.Take(NamedFacts).Select(fact => $"{fact.Name} on {fact.ObjectType} {fact.ObjectName}")) + (facts.Count > NamedFacts ? $" and {facts.Count - NamedFacts} more" : "");
    }

    /// <summary>Makes the login, or opens the one that is there.</summary>
    private void Enable(LoginSnapshot target, SnapshotDiff diff, StatementList create)
    {
        var attributes = rules.OfType<AttributeRule>().FirstOrDefault();
        var name = PostgreSqlDialect.Identifier(target.Username);
        if (!target.Exists)
        {
            var clauses = attributes is null ? [] : AttributeRule.Clauses(diff.Missing.Where(attributes.Handles));
            create.Add("Create", null, $"CREATE ROLE {name} WITH {string.Join(' ', clauses.Prepend("LOGIN"))} PASSWORD ", "");
            return;
        }

        if (!target.CanLogIn)
            create.Add("Create", null, $"ALTER ROLE {name} WITH LOGIN");
        attributes?.Give(new(target, create), new([.. diff.Missing.Where(attributes.Handles)], [.. diff.Extra.Where(attributes.Handles)]));
    }

    private static void Apply(RuleContext context, SnapshotDiff changes, IEnumerable<IFactRule> rules)
    {
        var work = (from rule in rules select (rule, changes: new FactChanges([.. changes.Missing.Where(rule.Handles)], [.. changes.Extra.Where(rule.Handles)]))).ToList();
        foreach (var (rule, mine) in Enumerable.Reverse(work))
            rule.Take(context, mine);
        foreach (var (rule, mine) in work)
            rule.Give(context, mine);
    }

    /// <summary>The diff, with the search path as what must be set rather than as what results.</summary>
    private static SnapshotDiff Changes(LoginSnapshot source, LoginSnapshot target, SnapshotDiff diff)
    {
        var missing = diff.Missing.Where(fact => fact.Kind != FactKinds.SearchPath).ToList();
        missing.AddRange(SearchPathRule.Needed(source, target));
        return new(missing, diff.Extra);
    }

    private static List<PlannedStatement> Switch(LoginSnapshot login, string attribute)
    {
        var name = PostgreSqlDialect.Identifier(login.Username);
        return login.Exists ? [new() { Stage = RotationStage.Retire, Text = $"ALTER ROLE {name} WITH {attribute}", Rule = "Block" }] : [];
    }

    /// <summary>What an admin that is no superuser lacks on a login that is there already: to administer it, and to take back what others gave it.</summary>
    private static IEnumerable<PlanBlocker> TargetBlockers(LoginSnapshot source, LoginSnapshot target, SnapshotDiff diff)
    {
        if (!target.Exists || AdminRule.Admin(target) is not { } admin)
            yield break;
        var name = $"role {PostgreSqlDialect.Identifier(target.Username)}";
        foreach (var right in AdminRule.MissingRights(target).Except(AdminRule.MissingRights(source)))
            yield return new(name, $"The admin {admin} lacks a right on it: {right}", "Have it granted.");
        var others = AdminRule.GivenByOthers(target);
        foreach (var fact in diff.Extra.Where(fact => others.ContainsKey(fact.ToString())))
            yield return new(name, $"It has what {source.Username} has not, and the admin {admin} cannot take it away, since {others[fact.ToString()]} gave it: {fact}.", "Revoke it as a superuser.");
    }

    private static IEnumerable<PlanBlocker> Blockers(LoginSnapshot source)
    {
        var inherits = source.Facts.Any(fact => fact is { Kind: FactKinds.Attribute, Name: "INHERIT", Value: "true" });
        var has = (PostgreSqlFeatures)source.Server.Features;
        if (OverlapRule.IsNeeded(source) && !inherits && !has.HasFlag(PostgreSqlFeatures.MembershipOptions))
        {
            yield return new(
                $"role {PostgreSqlDialect.Identifier(source.Username)}",
                "It is NOINHERIT and owns or may make objects; before PostgreSQL 16 its successor, NOINHERIT too, could not use them while both are live.",
                $"Run ALTER ROLE {PostgreSqlDialect.Identifier(source.Username)} INHERIT, or take its CREATE privileges and move what it owns to another role.");
        }

        if (source.Facts.Any(fact => fact is { Kind: FactKinds.Attribute, Name: "SUPERUSER", Value: "true" }))
            yield break;
        foreach (var fact in source.Facts.Where(fact => fact.Kind == FactKinds.Owner && OwnershipRule.NeedsSuperuser(fact.ObjectType!, has)))
        {
            yield return new(
                $"{fact.ObjectType!.ToLowerInvariant()} {fact.ObjectName}{(fact.Database is null ? "" : $" in database {PostgreSqlDialect.Identifier(fact.Database)}")}",
                "The login owns it and is no superuser any more, and the server gives such an object to a superuser only.",
                $"Run ALTER {PostgreSqlDialect.Keyword(fact.ObjectType!)} {fact.ObjectName} OWNER TO a superuser that is not rotated.");
        }
    }

    private static IEnumerable<string> Warnings(LoginSnapshot source, LoginSnapshot target)
    {
        foreach (var database in OverlapRule.Databases(source).Where(database => source.Hints.ContainsKey(HintNames.In(HintNames.UserSchema, database))))
        {
            yield return
                $"The search_path of {source.Username} in database {PostgreSqlDialect.Identifier(database)} has \"$user\", which means a schema called like the login. It will be set for the new login with that schema's name written out.";
        }

        if (OverlapRule.IsNeeded(source) && OverlapRule.IsMember(source, target))
            yield return $"{source.Username} is a member of {target.Username}: while both are live, {target.Username} can use what {source.Username} owns, but not alter or drop it.";
    }
}
