using MongoDB.Bson;

namespace Nebula.Rotation.Engine.Databases.MongoDb.Rules;

/// <summary>
/// The SCRAM mechanisms that a user has credentials for. Fewer can be had as they are; one more needs the password, of which the server keeps
/// derived keys only (manual, "updateUser"). Whoever sets a password names them, or the server makes credentials for all that it knows.
/// </summary>
internal sealed class MechanismRule : IFactRule
{
    public const string Field = "mechanisms";

    public string Name => "Mechanism";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Mechanism;

    public BsonElement? Create(IReadOnlyList<PermissionFact> facts) => facts.Count > 0 ? new(Field, ToArray(facts)) : null;

    public void Change(RuleContext context, FactChanges changes)
    {
        if (changes.Missing.Count > 0)
            context.SetsPassword = true;
        if ((changes.Any || context.SetsPassword) && changes.Wanted.Count > 0)
            context.Fields[Field] = ToArray(changes.Wanted);
    }

    public static BsonArray ToArray(IEnumerable<PermissionFact> facts) =>
        [.. facts.Where(fact => fact.Kind == FactKinds.Mechanism).Select(fact => fact.Name).Order(StringComparer.Ordinal)];
}
