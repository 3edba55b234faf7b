using Nebula.Rotation.Engine.Databases.PostgreSql.Rules;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>
/// Plans for an owner role. Views, rules, routines with SECURITY DEFINER, foreign keys and index expressions work in their owner's name, and what their
/// texts need cannot be known: so the role gets what the login has from others, and whatever the login makes later.
/// </summary>
internal sealed class PostgreSqlOwnershipPlanner : IOwnershipPlanner
{
    private const string Rule = "OwnerRole";

    /// <summary>An extension's: REASSIGN OWNED takes what is left with it.</summary>
    private const int LastRank = 4;

    private const string Inherits = "INHERIT TRUE, SET TRUE";

    /// <summary>Attributes that count for what works in the role's name; nobody has them by being a member of it.</summary>
    private static readonly HashSet<string> Attributes = ["CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS"];

    /// <summary>What the role gets as the login has it, in this order.</summary>
    private static readonly IFactRule[] Rules = [new MembershipRule(), new PrivilegeRule(), new DefaultPrivilegeRule(), new UserMappingRule(), new PolicyRule()];

    private static readonly PostgreSqlPlanner Logins = new();

    public bool IsMarked(LoginSnapshot owner, string mark) => owner.Facts.Any(fact => fact.Kind == FactKinds.Comment && fact.Value == mark);

    public IReadOnlyList<PlanBlocker> FindBlockers(LoginSnapshot login, LoginSnapshot owner) => [.. login.Blockers, .. Blockers(login, owner)];

    public IReadOnlyList<string> FindWarnings(LoginSnapshot login, LoginSnapshot owner)
    {
        var (loginName, ownerName) = (PostgreSqlDialect.Identifier(login.Username), PostgreSqlDialect.Identifier(owner.Username));
        var warnings = new List<string>();
        var copied = login.Facts.Count(fact => IsCopied(fact, owner) && fact.Grantor != PermissionFact.Login);
        if (copied > 0)
        {
            warnings.Add(
                $"{ownerName} has what {loginName} has from others too ({copied} facts), since views and routines work in its name: what is to be taken from the one is to be taken from both.");
        }

        if (owner.Exists)
        {
            var mine = login.Facts.ToHashSet();
            var more = owner.Facts.Count(fact => fact.Kind is FactKinds.Owner or FactKinds.Privilege or FactKinds.MemberOf && fact.Grantor != loginName && !mine.Contains(fact));
            if (more > 0 && !IsMember(login, owner))
                warnings.Add($"{ownerName} is there already and has more than {loginName} ({more} facts), all of which {loginName} gets as its member.");
        }

        return warnings;
    }

    public IReadOnlyList<PlannedStep> PlanOwner(LoginSnapshot login, LoginSnapshot owner, string mark)
    {
        var list = new StatementList(RotationStage.ClonePermissions);
        var context = new RuleContext(owner, list) { Other = login };
        var loginName = PostgreSqlDialect.Identifier(login.Username);
        Make(context, login, owner, mark);

        var missing = PostgreSqlComparison.Additive(login, owner).Missing.Where(fact => IsCopied(fact, owner)).ToList();
        foreach (var rule in Rules)
            rule.Give(context, new([.. missing.Where(rule.Handles)], []));
        ShareByDefault(login, owner, list);
        if (!IsMember(login, owner))
            list.Add(Rule, null, $"GRANT {context.LoginName} TO {loginName}{(context.Has(PostgreSqlFeatures.MembershipOptions) ? $" WITH {Inherits}" : "")}");

        var home = login.Hints.GetValueOrDefault(HintNames.Database);
        var first = list.ByDatabase(home, homeFirst: true);
        return [.. first.Count > 0 ? [new("owner-role", $"owner role {context.LoginName}", first)] : (PlannedStep[])[], .. Share(login, owner)];
    }

    /// <summary>
    /// What others work on goes first, each under its own lock, and what works in its owner's name last: so only the latter must be shared before.
    /// </summary>
    public IReadOnlyList<PlannedStep> PlanMove(LoginSnapshot login, LoginSnapshot owner)
    {
        var ruled = Ruled(login);
        return [.. OwnershipRule.Move(login, owner, share: false, RotationStage.MoveOwnership).OrderBy(step => Rank(step.Ownership!, ruled))];
    }

    public IReadOnlyList<PlanBlocker> FindReturnBlockers(LoginSnapshot login, LoginSnapshot owner, LoginSnapshot? before, IReadOnlyCollection<string> allowed)
    {
        var members = allowed.Append(login.Username).Select(PostgreSqlDialect.Identifier).ToHashSet(StringComparer.Ordinal);
        members.UnionWith(from fact in before?.Facts ?? [] where fact.Kind == FactKinds.HasMember select fact.Grantee!);
        return
        [
            .. owner.Blockers,
            .. from fact in owner.Facts
               where fact.Kind == FactKinds.HasMember && !members.Contains(fact.Grantee!)
               select new PlanBlocker(
                   $"role {fact.Grantee}",
                   $"It is a member of {PostgreSqlDialect.Identifier(owner.Username)} too, and would lose what that role owns.",
                   $"Run REVOKE {PostgreSqlDialect.Identifier(owner.Username)} FROM {fact.Grantee}, or leave the objects where they are."),
        ];
    }

    public IReadOnlyList<PlannedStep> PlanReturn(LoginSnapshot login, LoginSnapshot owner)
    {
        var own = owner.Facts.Where(fact => fact.Kind == FactKinds.OwnPrivilege).ToLookup(Place);
        var ruled = Ruled(owner);

        // What works in its owner's name goes back first: in the login's name it reaches everything. An extension takes what is left with it.
        var steps = OwnershipRule.Move(owner, login, share: false, RotationStage.MoveOwnership)
            .OrderBy(step => Rank(step.Ownership!, ruled) is var rank and < LastRank ? LastRank - rank : LastRank + 1);
        // It needs no more than each other while it does: the rest goes back after all of it.
        return
        [
            .. from step in steps
               let shared = WorksInOwnersName(step.Ownership!, ruled) ? own[Place(step.Ownership!)] : []
               select step with { Statements = [.. step.Statements, .. Grants(owner, shared, RotationStage.MoveOwnership)] },
        ];
    }

    public IReadOnlyList<PlannedStatement> PlanDrop(LoginSnapshot login, LoginSnapshot owner) => Logins.PlanDrop(owner, login);

    public IReadOnlyList<PlannedStatement> PlanRelease(LoginSnapshot login, LoginSnapshot owner, LoginSnapshot before)
    {
        var list = new StatementList(RotationStage.ClonePermissions);
        var context = new RuleContext(owner, list) { Other = login };
        var loginName = PostgreSqlDialect.Identifier(login.Username);
        var had = before.Facts.ToHashSet();
        var same = login.Facts.ToHashSet();
        var given = owner.Facts.Where(fact => !had.Contains(fact) && IsCopied(fact, owner) && (fact.Grantor == loginName || same.Contains(fact))).ToList();

        // What it had with fewer options, it has again with these.
        var keys = given.Select(Plain).ToHashSet();
        var weaker = before.Facts.Except(owner.Facts).Where(fact => keys.Contains(Plain(fact))).ToList();
        foreach (var rule in Enumerable.Reverse(Rules))
            rule.Take(context, new([.. weaker.Where(rule.Handles)], [.. given.Where(rule.Handles)]));
        foreach (var rule in Rules)
            rule.Give(context, new([.. weaker.Where(rule.Handles)], [.. given.Where(rule.Handles)]));
        if (!before.Facts.Any(fact => fact.Kind == FactKinds.HasMember && fact.Grantee == loginName))
        {
            foreach (var fact in login.Facts.Where(fact => fact.Kind == FactKinds.MemberOf && fact.ObjectName == context.LoginName))
                list.Add(Rule, null, MembershipStatements.Revoke(new(login, list), fact, context.LoginName, loginName));
        }

        return list.ByDatabase(login.Hints.GetValueOrDefault(HintNames.Database), homeFirst: false);
    }

    private static IEnumerable<PlanBlocker> Blockers(LoginSnapshot login, LoginSnapshot owner)
    {
        var features = (PostgreSqlFeatures)login.Server.Features;
        var (loginName, ownerName) = (PostgreSqlDialect.Identifier(login.Username), PostgreSqlDialect.Identifier(owner.Username));
        if (HasAttribute(login, "SUPERUSER"))
        {
            yield return new(
                $"role {loginName}",
                "It is a superuser: what works in its name works with every right, and would not in the name of an owner role.",
                $"Run ALTER ROLE {loginName} NOSUPERUSER and give it what it needs, or rotate it as it is.");
        }

        if (!HasAttribute(login, "INHERIT") && !features.HasFlag(PostgreSqlFeatures.MembershipOptions))
        {
            yield return new(
                $"role {loginName}",
                "It is NOINHERIT, and before PostgreSQL 16 such a login cannot use what a role that it is a member of owns, but after SET ROLE.",
                $"Run ALTER ROLE {loginName} INHERIT.");
        }

        foreach (var fact in login.Facts.Where(fact => fact.Kind == FactKinds.Owner && OwnershipRule.NeedsSuperuser(fact.ObjectType!, features)))
        {
            yield return new(
                $"{fact.ObjectType!.ToLowerInvariant()} {fact.ObjectName}{(fact.Database is null ? "" : $" in database {PostgreSqlDialect.Identifier(fact.Database)}")}",
                "The server gives such an object to a superuser only, which an owner role must not be.",
                $"Run ALTER {PostgreSqlDialect.Keyword(fact.ObjectType!)} {fact.ObjectName} OWNER TO a superuser that is not rotated.");
        }

        if (!owner.Exists)
            yield break;
        if (owner.CanLogIn)
            yield return new($"role {ownerName}", "It can log in, and an owner role must be one that nobody is.", $"Give another name with -Owner, or run ALTER ROLE {ownerName} NOLOGIN.");
        if (HasAttribute(owner, "SUPERUSER"))
            yield return new($"role {ownerName}", $"It is a superuser, and {loginName} could become one by it.", $"Give another name with -Owner, or run ALTER ROLE {ownerName} NOSUPERUSER.");
        if (!HasAttribute(owner, "INHERIT") && !features.HasFlag(PostgreSqlFeatures.MembershipOptions))
            yield return new($"role {ownerName}", "It is NOINHERIT, and what works in its name could not use what its groups may.", $"Run ALTER ROLE {ownerName} INHERIT.");
        if (OverlapRule.IsMember(owner, login))
            yield return new($"role {ownerName}", $"It is a member of {loginName}, which could then not be its member.", $"Run REVOKE {loginName} FROM {ownerName}, or give another name with -Owner.");
    }

    private static void Make(RuleContext context, LoginSnapshot login, LoginSnapshot owner, string mark)
    {
        var wanted = login.Facts.Where(fact => fact.Kind == FactKinds.Attribute && Attributes.Contains(fact.Name) && fact.Value == "true");
        if (!owner.Exists)
        {
            context.Output.Add(Rule, null, string.Join(' ', AttributeRule.Clauses(wanted).Prepend($"CREATE ROLE {context.LoginName} WITH NOLOGIN INHERIT")));
            context.Output.Add(Rule, null, $"COMMENT ON ROLE {context.LoginName} IS {PostgreSqlDialect.Literal(mark)}");
        }
        else if (owner.Facts.Any(fact => fact.Kind == FactKinds.Comment && fact.Value == mark) && AttributeRule.Clauses(wanted.Except(owner.Facts)).ToList() is { Count: > 0 } clauses)
        {
            context.Output.Add(Rule, null, $"ALTER ROLE {context.LoginName} WITH {string.Join(' ', clauses)}");
        }
    }

    /// <summary>What the login makes from now on can be used by what works in the role's name.</summary>
    private static void ShareByDefault(LoginSnapshot login, LoginSnapshot owner, StatementList output)
    {
        var context = new RuleContext(login, output);
        var has = owner.Facts
            .Where(fact => fact.Kind == FactKinds.DefaultPrivilege && fact.Grantor == context.LoginName && fact.ObjectName is null)
            .Select(fact => (fact.Database, fact.ObjectType))
            .ToHashSet();
        var databases = OverlapRule.Databases(login);
        foreach (var database in databases.Where(database => database == databases[0] || OverlapRule.MayCreate(login, database)))
        {
            foreach (var objects in OverlapRule.ObjectsWithDefaults(context).Where(objects => !has.Contains((database, objects))))
                output.Add(Rule, database, $"ALTER DEFAULT PRIVILEGES FOR ROLE {context.LoginName} GRANT ALL ON {objects} TO {PostgreSqlDialect.Identifier(owner.Username)}");
        }
    }

    /// <summary>
    /// While objects move, what has moved and works in its owner's name can use what has not. The role gets exactly what the login has: at the move the two
    /// entries of an ACL become one. Not tables: a GRANT takes no lock that keeps a TRUNCATE or a REFRESH of the application's from running into it.
    /// Each statement is a unit of its own, since 18 locks every object that a GRANT names.
    /// </summary>
    private static IEnumerable<PlannedStep> Share(LoginSnapshot login, LoginSnapshot owner)
    {
        var loginName = PostgreSqlDialect.Identifier(login.Username);
        var has = owner.Facts
            .Where(fact => fact.Kind == FactKinds.Privilege && fact.Grantor == loginName)
            .Select(fact => (Place(fact), fact.SubName, fact.Name))
            .ToHashSet();
        var ruled = Ruled(login);
        var missing = login.Facts.Where(fact => fact.Kind == FactKinds.OwnPrivilege && WorksInOwnersName(fact, ruled) && !has.Contains((Place(fact), fact.SubName, fact.Name)));
        return Grants(owner, missing, RotationStage.ClonePermissions)
            .Select((statement, index) => new PlannedStep($"share:{index}", $"use of what {loginName} owns", [statement]));
    }

    /// <summary>Grants privileges that a role has as an owner to another one, in the owner's name.</summary>
    private static IReadOnlyList<PlannedStatement> Grants(LoginSnapshot grantee, IEnumerable<PermissionFact> own, RotationStage stage)
    {
        var list = new StatementList(stage);
        PrivilegeStatements.Grant(new(grantee, list), Rule, own.Select(fact => fact with { Kind = FactKinds.Privilege }));
        return list.Statements;
    }

    private static (string? Database, string? Type, string? Name) Place(PermissionFact fact) => (fact.Database, fact.ObjectType, fact.ObjectName);

    private static PermissionFact Plain(PermissionFact fact) => fact with { WithGrantOption = false, Value = null };

    /// <summary>Tables with rules, which work in their owner's name as a view does.</summary>
    private static HashSet<(string? Database, string? Type, string? Name)> Ruled(LoginSnapshot login) =>
        [.. login.Facts.Where(fact => fact is { Kind: FactKinds.OwnPrivilege, Value: FactKinds.HasRules }).Select(Place)];

    private static bool WorksInOwnersName(PermissionFact fact, HashSet<(string? Database, string? Type, string? Name)> ruled) =>
        fact.ObjectType is "VIEW" or "FUNCTION" or "PROCEDURE" or "AGGREGATE" or "SUBSCRIPTION" || ruled.Contains(Place(fact));

    /// <summary>The order of moves. A materialized view is read by others, and itself reads only when it is refreshed.</summary>
    private static int Rank(PermissionFact ownership, HashSet<(string? Database, string? Type, string? Name)> ruled) =>
        ownership.ObjectType is "SCHEMA" or "DATABASE" ? 0
        : ownership.ObjectType == "EXTENSION" ? LastRank
        : ownership.ObjectType == "MATERIALIZED VIEW" ? 2
        : WorksInOwnersName(ownership, ruled) ? 3
        : 1;

    /// <summary>What the role has as the login has it; not what it has as the owner.</summary>
    private static bool IsCopied(PermissionFact fact, LoginSnapshot owner)
    {
        var ownerName = PostgreSqlDialect.Identifier(owner.Username);
        return fact.Kind switch
        {
            FactKinds.MemberOf => fact.ObjectName != ownerName,
            FactKinds.Privilege => fact.ObjectOwner != ownerName && fact.Grantor != ownerName,
            FactKinds.DefaultPrivilege => fact.Grantee != ownerName && fact.Grantor != ownerName,
            FactKinds.UserMapping or FactKinds.Policy => true,
            _ => false,
        };
    }

    private static bool IsMember(LoginSnapshot login, LoginSnapshot owner)
    {
        var name = PostgreSqlDialect.Identifier(owner.Username);
        return login.Facts.Any(fact => fact.Kind == FactKinds.MemberOf && fact.ObjectName == name && fact.Value is null or Inherits);
    }

    private static bool HasAttribute(LoginSnapshot login, string name) =>
        login.Facts.Any(fact => fact is { Kind: FactKinds.Attribute, Value: "true" } && fact.Name == name);
}
