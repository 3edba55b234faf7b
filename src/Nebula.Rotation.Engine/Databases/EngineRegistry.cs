using Nebula.Rotation.Engine.Databases.MongoDb;
using Nebula.Rotation.Engine.Databases.MySql;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Databases.Redis;

namespace Nebula.Rotation.Engine.Databases;

/// <summary>The rooms of the house. An engine is made when first asked for, so that no driver loads before it is needed.</summary>
internal sealed class EngineRegistry
{
    private readonly Dictionary<DatabaseType, Lazy<IDatabaseEngine>> _engines;

    public EngineRegistry(IEnumerable<KeyValuePair<DatabaseType, Func<IDatabaseEngine>>> engines) =>
        _engines = engines.ToDictionary(pair => pair.Key, pair => new Lazy<IDatabaseEngine>(pair.Value));

    /// <summary>Every engine that ships.</summary>
    public static EngineRegistry Default { get; } = new(
    [
        new(DatabaseType.PostgreSql, () => new PostgreSqlEngine()),
        new(DatabaseType.MongoDb, () => new MongoDbEngine()),
        new(DatabaseType.Redis, () => new RedisEngine()),
        new(DatabaseType.MySql, () => new MySqlEngine()),
    ]);

    public IDatabaseEngine Get(DatabaseType type) =>
        _engines.TryGetValue(type, out var engine)
            ? engine.Value
            : throw new RotationException(
                RotationErrorCode.UnsupportedDatabaseType,
                $"This version has no engine for {type}.",
                $"Nothing was changed. It has engines for: {string.Join(", ", _engines.Keys)}.");
}
