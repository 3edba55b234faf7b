using MongoDB.Bson;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MongoDb.Rules;

/// <summary>From where the user may log in: authenticationRestrictions, any one of which suffices.</summary>
internal sealed class RestrictionRule : IFactRule
{
    public const string Field = "authenticationRestrictions";

    public string Name => "Restriction";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Restriction;

    public BsonElement? Create(IReadOnlyList<PermissionFact> facts) => facts.Count > 0 ? new(Field, ToArray(facts)) : null;

    public void Change(RuleContext context, FactChanges changes)
    {
        if (changes.Any || IsLockedOut(context.Login))
            context.Fields[Field] = ToArray(changes.Wanted);
    }

    public static BsonArray ToArray(IEnumerable<PermissionFact> facts) =>
        [.. facts.Where(fact => fact.Kind == FactKinds.Restriction).Select(fact => MongoDbDialect.FromText(fact.Value!))];

    /// <summary>True while restrictions that are none of the user's own keep it out.</summary>
    public static bool IsLockedOut(LoginSnapshot login) =>
        login.Hints.TryGetValue(HintNames.BlockMark, out var mark) && BlockMark.KeptRestrictions(BsonDocument.Parse(mark)) is not null;
}
