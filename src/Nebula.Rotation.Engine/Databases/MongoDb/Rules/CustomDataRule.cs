using MongoDB.Bson;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MongoDb.Rules;

/// <summary>The user's customData, which a command writes as a whole.</summary>
internal sealed class CustomDataRule : IFactRule
{
    public const string Field = "customData";

    public string Name => "CustomData";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.CustomData;

    public BsonElement? Create(IReadOnlyList<PermissionFact> facts) => facts.Count > 0 ? new(Field, ToDocument(facts)) : null;

    public void Change(RuleContext context, FactChanges changes)
    {
        // The mark of a block goes with it.
        if (changes.Any || context.Login.Hints.ContainsKey(HintNames.BlockMark))
            context.Fields[Field] = ToDocument(changes.Wanted);
    }

    /// <summary>The fields in their order. Of two values for one field the first counts: the second is what a live login has beyond its predecessor.</summary>
    public static BsonDocument ToDocument(IEnumerable<PermissionFact> facts)
    {
        var document = new BsonDocument();
        foreach (var fact in facts.Where(fact => fact.Kind == FactKinds.CustomData && !document.Contains(fact.Name)))
            document.Add(fact.Name, MongoDbDialect.FromText(fact.Value!));
        return document;
    }

    /// <summary>The login's own data with a mark.</summary>
    public static BsonDocument WithMark(LoginSnapshot login, BsonDocument mark) => ToDocument(login.Facts).Add(BlockMark.Field, mark);
}
