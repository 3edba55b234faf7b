using Microsoft.Data.Sqlite;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>What went wrong with the file, in our words. SQLite's messages name tables and columns, never values.</summary>
internal static class SqliteErrors
{
    // https://www.sqlite.org/rescode.html
    public const int Failed = 1;
    public const int Busy = 5;
    public const int Locked = 6;
    public const int ReadOnly = 8;
    public const int Full = 13;
    public const int CannotOpen = 14;
    public const int Damaged = 11;
    public const int NotADatabase = 26;
    public const int NotUnique = 2067;

    public static RotationException Translate(SqliteException exception, string path) => exception.SqliteErrorCode switch
    {
        Damaged or NotADatabase => Corrupt(path, exception.Message, exception),
        Busy or Locked => Unavailable(path, "another process kept it locked for too long", "Run the command again; if it stays so, look for a process that holds the file open.", exception),
        ReadOnly => Unavailable(path, "it cannot be written", "Give this account write access to the file and its folder, or name another store with -Store or NEBULA_STORE.", exception),
        Full => Unavailable(path, "the disk is full", "Free some space and run the command again; nothing that was stored is lost.", exception),
        CannotOpen => Unavailable(path, "it cannot be opened", "Give this account access to the file and its folder, or name another store with -Store or NEBULA_STORE.", exception),
        _ => Unavailable(path, exception.Message, "Check the disk and the file's rights, then run the command again.", exception),
    };

    public static RotationException Corrupt(string path, string what, Exception? inner = null) => new(
        RotationErrorCode.StoreCorrupt,
        $"The store '{path}' is damaged: {what}",
        "Nothing was changed. Keep the file for analysis and restore store and key file from a backup.",
        inner);

    public static RotationException Foreign(string path) => new(
        RotationErrorCode.StoreCorrupt,
        $"The file '{path}' is not a credential store.",
        "Nothing was changed. Name the store's file with -Store or NEBULA_STORE.");

    public static RotationException Unavailable(string path, string what, string action, Exception? inner = null) => new(
        RotationErrorCode.StoreUnavailable, $"The store '{path}' is not available: {what}.", action, inner);
}
