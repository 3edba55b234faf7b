namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>
/// ALTER DEFAULT PRIVILEGES: what others get on objects that the login will make, and what the login gets on objects that others will make. An entry
/// for all schemas stands beside the built-in default, so it can also take something away, such as EXECUTE from PUBLIC.
/// </summary>
internal sealed class DefaultPrivilegeRule : IFactRule
{
    public string Name => "DefaultPrivilege";

    public bool GoesWithLogin => false;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.DefaultPrivilege;

    public void Take(RuleContext context, FactChanges changes)
    {
        var wanted = changes.Missing.Select(Key).ToHashSet();
        var gone = changes.Extra.Where(fact => !wanted.Contains(Key(fact))).ToList();
        Write(context, Name, gone.Where(fact => fact.Value != FactKinds.Revoked && !IsBuiltIn(fact)), Verb.Revoke);
        Write(context, Name, gone.Where(fact => fact.Value != FactKinds.Revoked && IsBuiltIn(fact)), Verb.RevokeOption);
        Write(context, Name, gone.Where(fact => fact.Value == FactKinds.Revoked), Verb.Grant);
        Write(context, Name, changes.Extra.Where(fact => fact.WithGrantOption && wanted.Contains(Key(fact))), Verb.RevokeOption);
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        Write(context, Name, changes.Missing.Where(fact => fact.Value != FactKinds.Revoked), Verb.Grant);
        Write(context, Name, changes.Missing.Where(fact => fact.Value == FactKinds.Revoked), Verb.Revoke);
    }

    /// <summary>Writes the statements of facts that differ in their privilege only as one.</summary>
    public static void Write(RuleContext context, string rule, IEnumerable<PermissionFact> facts, Verb verb)
    {
        var statements =
            from fact in facts
            group fact.Name by (fact.Database, Definer: context.Role(fact.Grantor), Schema: fact.ObjectName, Objects: fact.ObjectType, Grantee: context.Role(fact.Grantee), fact.WithGrantOption);
        foreach (var item in statements)
        {
            var (database, definer, schema, objects, grantee, option) = item.Key;
            var inSchema = schema is null ? "" : $" IN SCHEMA {schema}";
            var privileges = string.Join(", ", item.Order(StringComparer.Ordinal));
            var text = verb switch
            {
                Verb.Grant => $"GRANT {privileges} ON {objects} TO {grantee}{(option ? " WITH GRANT OPTION" : "")}",
                Verb.Revoke => $"REVOKE {privileges} ON {objects} FROM {grantee}",
                _ => $"REVOKE GRANT OPTION FOR {privileges} ON {objects} FROM {grantee}",
            };
            context.Output.Add(rule, database, $"ALTER DEFAULT PRIVILEGES FOR ROLE {definer}{inSchema} {text}");
        }
    }

    /// <summary>
    /// The owner's own privileges are there by default in an entry for all schemas (acldefault()), so such a fact can only be about the grant option.
    /// PUBLIC's are never WITH GRANT OPTION, which PUBLIC cannot have.
    /// </summary>
    private static bool IsBuiltIn(PermissionFact fact) => fact.ObjectName is null && fact.WithGrantOption && (fact.Grantee ?? PermissionFact.Login) == fact.Grantor;

    private static PermissionFact Key(PermissionFact fact) => fact with { WithGrantOption = false, Value = null };

    internal enum Verb
    {
        Grant,
        Revoke,
        RevokeOption,
    }
}
