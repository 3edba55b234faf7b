using System.Data;
using System.Data.Common;

namespace Nebula.Rotation.Stores.PostgreSql;

/// <summary>What went wrong with the server, in our words. Its messages name tables, columns and constraints; details, which have values, are not asked for.</summary>
internal static class PostgreSqlErrors
{
    // https://www.postgresql.org/docs/current/errcodes-appendix.html
    public const string NotUnique = "23505";
    public const string NoTable = "42P01";
    public const string NoSchema = "3F000";

    private const string NoReference = "23503";
    private const string SerializationFailure = "40001";
    private const string Deadlock = "40P01";
    private const string LockTimeout = "55P03";
    private const string AdminShutdown = "57P01";
    private const string CrashShutdown = "57P02";
    private const string CannotConnectNow = "57P03";
    private const string IdleInTransaction = "25P03";
    private const string TooManyConnections = "53300";
    private const string DiskFull = "53100";
    private const string ReadOnly = "25006";
    private const string Forbidden = "42501";
    private const string NoDatabase = "3D000";
    private const string ConnectionClass = "08";
    private const string AuthorizationClass = "28";

    /// <summary>The connection is gone, and with it a transaction that had not committed.</summary>
    public static bool IsLost(DbException exception, DbConnection? connection) =>
        connection is { State: not ConnectionState.Open }
        || exception.SqlState switch
        {
            AdminShutdown or CrashShutdown or CannotConnectNow or IdleInTransaction or TooManyConnections => true,
            { } state => state.StartsWith(ConnectionClass, StringComparison.Ordinal),
            null => exception.IsTransient,
        };

    /// <summary>The server has rolled the transaction back in favour of another one; it succeeds when it is run again.</summary>
    public static bool IsConflict(DbException exception) => exception.SqlState is SerializationFailure or Deadlock or NoReference;

    /// <summary>Another transaction kept a row locked for too long.</summary>
    public static bool IsLockTimeout(DbException exception) => exception.SqlState == LockTimeout;

    public static RotationException Translate(DbException exception, string location) => exception.SqlState switch
    {
        null => Unavailable(location, Reason(exception), "Check that the server is up and can be reached from here, then run the command again.", exception),
        LockTimeout => Unavailable(location, "another runner kept it locked for too long", "Nothing was written. Run the command again.", exception),
        SerializationFailure or Deadlock => Unavailable(location, "other runners came first each time", "Nothing was written. Run the command again.", exception),
        AdminShutdown or CrashShutdown or CannotConnectNow => Unavailable(location, "the server is stopping or starting", "Run the command again when it is up.", exception),
        TooManyConnections => Unavailable(location, "the server takes no more connections", "Raise max_connections, put a pooler before it, or run fewer at once.", exception),
        DiskFull => Unavailable(location, "the server's disk is full", "Free some space there and run the command again; nothing that was stored is lost.", exception),
        ReadOnly => Unavailable(location, "the server is a standby, or read-only", "Name the primary, or several hosts with target_session_attrs=primary.", exception),
        Forbidden => Unavailable(
            location, $"its login lacks a right ({exception.Message})", $"Grant it; to make a store a login needs CREATE on the database, or a schema {PostgreSqlText.Schema} of its own.", exception),
        NoDatabase => Unavailable(location, "there is no such database", "Create it first; the store's tables are made in it by New-NebulaDbCredential.", exception),
        NoTable or NoSchema => Corrupt(location, "a table is missing.", exception),
        { } state when state.StartsWith(AuthorizationClass, StringComparison.Ordinal) => Unavailable(
            location,
            "the server refuses the store's login",
            "Give its password in PGPASSWORD, in a password file (PGPASSFILE), or within the address in NEBULA_STORE.",
            exception),
        _ => Unavailable(location, exception.Message, "Run the command again; if it stays so, look into the server's log.", exception),
    };

    /// <summary>The connection was lost at the commit, and the store could not be asked since.</summary>
    public static RotationException Unknown(string location, Exception inner) => new(
        RotationErrorCode.StoreOutcomeUnknown,
        $"The connection to the store '{location}' was lost while a change was being committed, and the store cannot be reached since: whether the change was made is not known.",
        "When the store is back, see what it holds with Get-NebulaDbCredential and Get-NebulaRotation; Resume-NebulaRotation finishes a rotation from what is true there.",
        inner);

    public static RotationException Corrupt(string location, string what, Exception? inner = null) => new(
        RotationErrorCode.StoreCorrupt,
        $"The store '{location}' is damaged: {what}",
        $"Nothing was changed. Restore the schema {PostgreSqlText.Schema} of its database from a backup.",
        inner);

    public static RotationException Unavailable(string location, string what, string action, Exception? inner = null) => new(
        RotationErrorCode.StoreUnavailable, $"The store '{location}' is not available: {what.TrimEnd('.')}.", action, inner);

    private static string Reason(Exception exception) => exception.InnerException is { } inner && inner.Message != exception.Message
        ? $"{exception.Message.TrimEnd('.')} ({inner.Message.TrimEnd('.')})"
        : exception.Message;
}
