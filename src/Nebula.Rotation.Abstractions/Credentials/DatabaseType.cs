namespace Nebula.Rotation;

/// <summary>The database servers a credential can belong to.</summary>
public enum DatabaseType
{
    /// <summary>PostgreSQL 13 and later.</summary>
    PostgreSql,

    /// <summary>MySQL 8.0 and later, MariaDB 10.6 and later.</summary>
    MySql,

    /// <summary>MongoDB 6 and later.</summary>
    MongoDb,

    /// <summary>Redis 6 and later, Valkey.</summary>
    Redis,
}
