using MongoDB.Bson;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>
/// MongoDB cannot lock a user: a block gives it a random password that nobody has. That it did is written into the user's customData, in the same
/// command, since no reader of the catalog could tell otherwise; whoever looks at the user sees it too.
/// </summary>
internal static class BlockMark
{
    /// <summary>The field of customData. It is none of the login's facts.</summary>
    public const string Field = "nebulaRotation";

    private const string State = "state";

    /// <summary>The user's own restrictions, while others keep it out altogether.</summary>
    private const string Restrictions = "authenticationRestrictions";

    public static BsonDocument Blocked { get; } = new(State, "blocked");

    /// <summary>
    /// The address that nobody comes from (RFC 5737): connections of a user that is restricted to it lose their rights, since the server looks at the
    /// restrictions again when the user has changed.
    /// </summary>
    public static BsonArray NoSource { get; } = [new BsonDocument("clientSource", new BsonArray { "192.0.2.1" })];

    public static BsonDocument LockedOut(IEnumerable<BsonValue> restrictions) =>
        new() { { State, "locked out" }, { Restrictions, new BsonArray(restrictions) } };

    /// <summary>The restrictions that a mark keeps; null when it keeps none.</summary>
    public static BsonArray? KeptRestrictions(BsonDocument mark) =>
        mark.TryGetValue(Restrictions, out var kept) && kept is BsonArray array ? array : null;
}
