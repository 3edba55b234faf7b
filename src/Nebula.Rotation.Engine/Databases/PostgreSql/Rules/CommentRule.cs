namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>COMMENT ON ROLE.</summary>
internal sealed class CommentRule : IFactRule
{
    public string Name => "Comment";

    public bool GoesWithLogin => true;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Comment;

    public void Take(RuleContext context, FactChanges changes)
    {
        if (changes.Extra.Count > 0 && changes.Missing.Count == 0)
            context.Output.Add(Name, null, $"COMMENT ON ROLE {context.LoginName} IS NULL");
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Missing)
            context.Output.Add(Name, null, $"COMMENT ON ROLE {context.LoginName} IS {PostgreSqlDialect.Literal(fact.Value!)}");
    }
}
