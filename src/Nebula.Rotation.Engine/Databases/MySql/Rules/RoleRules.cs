using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql.Rules;

/// <summary>Roles that the login has, or members that it has as a role.</summary>
internal sealed class MembershipRule(string name, string kind) : IFactRule
{
    public string Name => name;

    public bool Handles(PermissionFact fact) => fact.Kind == kind;

    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Extra)
            context.Output.Add(Name, $"REVOKE {context.Name(fact.ObjectName)} FROM {context.Name(fact.Grantee)}");
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Missing)
            context.Output.Add(Name, $"GRANT {context.Name(fact.ObjectName)} TO {context.Name(fact.Grantee)}{(fact.WithGrantOption ? " WITH ADMIN OPTION" : "")}");
    }
}

/// <summary>Roles that are active from the start of a session. A statement writes all of an account's.</summary>
internal sealed class DefaultRoleRule : IFactRule
{
    public string Name => "DefaultRole";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.DefaultRole;

    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var account in changes.Extra.Select(fact => fact.Grantee).Distinct())
            Set(context, account, []);
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var account in changes.Missing.Concat(changes.Extra).Select(fact => fact.Grantee).Distinct())
        {
            var roles = (context.Other?.Facts ?? changes.Missing).Where(fact => Handles(fact) && fact.Grantee == account).Select(fact => fact.ObjectName).ToList();
            if (roles.Count > 0)
                Set(context, account, roles);
        }
    }

    private void Set(RuleContext context, string? account, List<string?> roles) => context.Output.Add(
        Name,
        $"SET DEFAULT ROLE {(roles.Count == 0 ? "NONE" : MySqlDialect.List(roles.Select(context.Name)))} {(context.Has(MySqlFeatures.RolesAreAccounts) ? "TO" : "FOR")} {context.Name(account)}");
}

/// <summary>The login among somebody's default roles. A statement writes all of them; the others are in the snapshot.</summary>
internal sealed class DefaultRoleOfRule : IFactRule
{
    public string Name => "DefaultRoleOf";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.DefaultRoleOf;

    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var group in changes.Extra.GroupBy(fact => fact.Grantee))
            Set(context, group.Key, Others(context.Login, group.Key));
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var group in changes.Missing.GroupBy(fact => fact.Grantee))
        {
            // Both logins are default roles while both are live.
            var old = context.Other is { } other ? other.Facts.Where(fact => Handles(fact) && fact.Grantee == group.Key).Select(fact => MySqlDialect.Render(fact.ObjectName, other.Username)) : [];
            Set(context, group.Key, [.. Others(context.Other ?? context.Login, group.Key), .. old, .. group.Select(fact => context.Name(fact.ObjectName))]);
        }
    }

    private static IReadOnlyList<string> Others(LoginSnapshot login, string? account) => login.List(HintNames.Of(HintNames.DefaultRoles, account!));

    private void Set(RuleContext context, string? account, IReadOnlyList<string> roles) =>
        context.Output.Add(Name, $"SET DEFAULT ROLE {(roles.Count == 0 ? "NONE" : MySqlDialect.List(roles.Distinct()))} TO {context.Name(account)}");
}

/// <summary>PROXY, whichever side the login is on. DROP USER leaves the rows where it is the one acted for, and the next account of that name would inherit them.</summary>
internal sealed class ProxyRule : IFactRule
{
    public string Name => "Proxy";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Proxy;

    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Extra)
            context.Output.Add(Name, $"REVOKE PROXY ON {context.Name(fact.ObjectName)} FROM {context.Name(fact.Grantee)}");
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Missing)
            context.Output.Add(Name, $"GRANT PROXY ON {context.Name(fact.ObjectName)} TO {context.Name(fact.Grantee)}{(fact.WithGrantOption ? " WITH GRANT OPTION" : "")}");
    }
}
