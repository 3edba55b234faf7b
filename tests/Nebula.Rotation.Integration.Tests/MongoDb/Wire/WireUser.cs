using MongoDB.Bson;

namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>A user as system.users keeps it. A change makes another one with the same id.</summary>
internal sealed record WireUser(string Name, string Db)
{
    /// <summary>A connection belongs to this very user, not to a later one of the same name.</summary>
    public Guid Id { get; init; } = Guid.NewGuid();

    public required IReadOnlyDictionary<string, WireScramKeys> Credentials { get; init; }

    public required IReadOnlyList<(string Role, string Db)> Roles { get; init; }

    public BsonDocument? CustomData { get; init; }

    public BsonArray Restrictions { get; init; } = [];
}
