using MongoDB.Bson;

namespace Nebula.Rotation.Engine.Databases.MongoDb.Rules;

/// <summary>Roles, of whatever database. A grant and a revoke touch no other role; a server that has neither gets the whole list.</summary>
internal sealed class RoleRule : IFactRule
{
    /// <summary>The field, which createUser wants even when it is empty.</summary>
    public const string Field = "roles";

    public string Name => "Role";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Role;

    public BsonElement? Create(IReadOnlyList<PermissionFact> facts) => new(Field, List(facts));

    public void Change(RuleContext context, FactChanges changes)
    {
        if (!changes.Any)
            return;
        if (!context.Has(MongoDbFeatures.GrantRoles))
        {
            context.Fields[Field] = List(changes.Wanted);
            return;
        }

        if (changes.Extra.Count > 0)
            context.Add(Name, "revokeRolesFromUser", new(Field, List(changes.Extra)));
        if (changes.Missing.Count > 0)
            context.Add(Name, "grantRolesToUser", new(Field, List(changes.Missing)));
    }

    private static BsonArray List(IReadOnlyList<PermissionFact> facts) =>
        [.. facts.Select(fact => new BsonDocument { { "role", fact.Name }, { "db", fact.Database } })];
}
