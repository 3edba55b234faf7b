using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql.Rules;

/// <summary>Privileges on one type of object: one GRANT an account and object.</summary>
internal sealed class PrivilegeRule(string name, params string[] types) : IFactRule
{
    public string Name => name;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Privilege && types.Contains(fact.ObjectType);

    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var group in changes.Extra.GroupBy(fact => (fact.Grantee, fact.ObjectType, fact.ObjectName)))
            context.Output.Add(Name, $"REVOKE {Privileges(group)} ON {On(group.First())} FROM {context.Name(group.Key.Grantee)}");
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        var missingTables = (context.Other ?? context.Login).List(HintNames.MissingTables);
        foreach (var group in changes.Missing.GroupBy(fact => (fact.Grantee, fact.ObjectType, fact.ObjectName)))
        {
            var privileges = group.Where(fact => fact.Name != FactKinds.GrantOption).ToList();
            var (on, to) = (On(group.First()), context.Name(group.Key.Grantee));
            var option = group.Any(fact => fact.Name == FactKinds.GrantOption) ? " WITH GRANT OPTION" : "";
            // A right on a table that is not there now comes back with the table. Such a right is only given together with CREATE (manual, "GRANT Statement").
            var needsCreate = group.Key.ObjectType == FactKinds.Table && missingTables.Contains(group.Key.ObjectName!) && privileges.TrueForAll(fact => fact.Name != "CREATE");
            var list = privileges.Count == 0 ? "USAGE" : Privileges(privileges);
            if (needsCreate)
                list = privileges.Count == 0 ? "CREATE" : $"CREATE, {list}";
            context.Output.Add(Name, $"GRANT {list} ON {on} TO {to}{option}");
            if (needsCreate)
                context.Output.Add(Name, $"REVOKE CREATE ON {on} FROM {to}");
        }
    }

    private static string On(PermissionFact fact) => fact.ObjectType is FactKinds.Function or FactKinds.Procedure || fact.ObjectType!.StartsWith("PACKAGE", StringComparison.Ordinal) || fact.ObjectType == "LIBRARY"
        ? $"{fact.ObjectType} {fact.ObjectName}"
        : fact.ObjectName!;

    private static string Privileges(IEnumerable<PermissionFact> facts) => MySqlDialect.List(
        from fact in facts
        group fact.SubName by fact.Name into privilege
        select privilege.First() is null ? privilege.Key : $"{privilege.Key} ({MySqlDialect.List(privilege!)})");
}

/// <summary>Dynamic privileges: each has a grant option of its own, so those with and those without go apart.</summary>
internal sealed class DynamicPrivilegeRule : IFactRule
{
    public string Name => "DynamicPrivilege";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.DynamicPrivilege;

    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var group in changes.Extra.GroupBy(fact => fact.Grantee))
            context.Output.Add(Name, $"REVOKE {MySqlDialect.List(group.Select(fact => fact.Name))} ON *.* FROM {context.Name(group.Key)}");
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var group in changes.Missing.GroupBy(fact => (fact.Grantee, fact.WithGrantOption)))
        {
            context.Output.Add(
                Name,
                $"GRANT {MySqlDialect.List(group.Select(fact => fact.Name))} ON *.* TO {context.Name(group.Key.Grantee)}{(group.Key.WithGrantOption ? " WITH GRANT OPTION" : "")}");
        }
    }
}

/// <summary>Partial revokes: a global privilege that does not hold in one database (MySQL manual, "Privilege Restriction Using Partial Revokes").</summary>
internal sealed class RestrictionRule : IFactRule
{
    public string Name => "Restriction";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Restriction;

    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var group in changes.Extra.GroupBy(fact => (fact.Grantee, fact.ObjectName)))
            context.Output.Add(Name, $"GRANT {MySqlDialect.List(group.Select(fact => fact.Name))} ON {group.Key.ObjectName} TO {context.Name(group.Key.Grantee)}");
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var group in changes.Missing.GroupBy(fact => (fact.Grantee, fact.ObjectName)))
            context.Output.Add(Name, $"REVOKE {MySqlDialect.List(group.Select(fact => fact.Name))} ON {group.Key.ObjectName} FROM {context.Name(group.Key.Grantee)}");
    }
}
