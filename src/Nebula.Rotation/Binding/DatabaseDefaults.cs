using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Binding;

/// <summary>What a kind of server takes when New-NebulaDbCredential is not told.</summary>
internal static class DatabaseDefaults
{
    /// <summary>The port its makers registered.</summary>
    public static int Port(DatabaseType type) => type switch
    {
        DatabaseType.PostgreSql => 5432,
        DatabaseType.MySql => 3306,
        DatabaseType.MongoDb => 27017,
        DatabaseType.Redis => 6379,
        _ => throw new RotationException(RotationErrorCode.UnsupportedDatabaseType, $"No engine for {type}."),
    };

    /// <summary>How the second login comes to be. Redis's default user is who logs in without a name, and has none but that: it takes a second password.</summary>
    public static RotationStrategy Strategy(DatabaseType type, string username) =>
        type == DatabaseType.Redis && username == "default" ? RotationStrategy.DualPassword : RotationStrategy.DualUser;

    /// <summary>The database of a connection that names none. A PostgreSQL connection always has one, and guessing it would be wrong in most cases.</summary>
    public static string Database(DatabaseType type) => type switch
    {
        DatabaseType.MySql => "",
        DatabaseType.MongoDb => "admin",
        DatabaseType.Redis => "0",
        DatabaseType.PostgreSql => throw InvalidArgument.Because("A PostgreSQL credential needs -Database: the one the application connects to."),
        _ => throw new RotationException(RotationErrorCode.UnsupportedDatabaseType, $"No engine for {type}."),
    };
}
