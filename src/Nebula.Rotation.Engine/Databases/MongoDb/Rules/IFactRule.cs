using MongoDB.Bson;

namespace Nebula.Rotation.Engine.Databases.MongoDb.Rules;

/// <summary>How one kind of fact is written. A user is one document, so that a rule fills its field of createUser or updateUser.</summary>
internal interface IFactRule
{
    /// <summary>The rule's name, on each statement that is its own.</summary>
    string Name { get; }

    /// <summary>True when the fact is this rule's.</summary>
    bool Handles(PermissionFact fact);

    /// <summary>The field of createUser that gives a new user these facts; null when there is nothing to say.</summary>
    BsonElement? Create(IReadOnlyList<PermissionFact> facts);

    /// <summary>Brings a user that is there to what is wanted.</summary>
    void Change(RuleContext context, FactChanges changes);
}
