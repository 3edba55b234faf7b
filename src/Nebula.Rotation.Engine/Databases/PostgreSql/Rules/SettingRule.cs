namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>ALTER ROLE … [IN DATABASE …] SET: what a session of the login starts with.</summary>
internal sealed class SettingRule : IFactRule
{
    public string Name => "Setting";

    public bool GoesWithLogin => true;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Setting;

    public void Take(RuleContext context, FactChanges changes)
    {
        var replaced = changes.Missing.Select(fact => (fact.Database, fact.Name)).ToHashSet();
        foreach (var fact in changes.Extra.Where(fact => !replaced.Contains((fact.Database, fact.Name))))
            context.Output.Add(Name, null, $"{Target(context, fact.Database)} RESET {PostgreSqlDialect.DottedName(fact.Name)}");
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Missing)
            context.Output.Add(Name, null, $"{Target(context, fact.Database)} SET {PostgreSqlDialect.DottedName(fact.Name)} TO {PostgreSqlDialect.SettingValue(fact.Name, fact.Value!)}");
    }

    public static string Target(RuleContext context, string? database) =>
        database is null ? $"ALTER ROLE {context.LoginName}" : $"ALTER ROLE {context.LoginName} IN DATABASE {PostgreSqlDialect.Identifier(database)}";
}
