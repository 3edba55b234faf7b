using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Tables;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>Making and opening the file. A file that is not ours, or is damaged, is told before SQLite could write to it.</summary>
internal static class StoreFile
{
    // A whole check reads every page; up to this size it costs a few milliseconds. Larger stores are checked as their pages are read.
    private const long FullCheckLimit = 4 * 1024 * 1024;

    // Each but the last has met somebody who closed the store at that very moment.
    private const int ProbeTries = 5;

    /// <summary>Opens the store, and makes it first when there is none and that is wanted.</summary>
    public static async Task<(SqliteDatabase Database, KeyRing Keys)> OpenAsync(
        string path, StoreKeyProvider provider, bool createIfMissing, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
            throw SqliteErrors.Unavailable(path, "it is a folder", "Name a file with -Store or NEBULA_STORE.");
        if (!File.Exists(path))
        {
            if (!createIfMissing)
            {
                throw SqliteErrors.Unavailable(
                    path,
                    "there is no such file",
                    "New-NebulaDbCredential makes it together with the first credential; name another store with -Store or NEBULA_STORE.");
            }

            await CreateAsync(path, provider, cancellationToken);
        }

        return await OpenExistingAsync(path, provider, cancellationToken);
    }

    /// <summary>
    /// Looks at the header without taking a lock or making a file beside it (immutable=1): closing an ordinary connection to somebody else's
    /// database could already change it. SQLite does the reading, because a process that opens and closes the file itself loses the locks of its
    /// other connections (sqlite.org/howtocorrupt.html, 2.2). Gives the store's id, or null where only the write-ahead file has it whole.
    /// </summary>
    private static Guid? Probe(string path)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return ProbeOnce(path);
            }
            catch (SqliteException exception) when (exception.SqliteErrorCode == SqliteErrors.NotADatabase)
            {
                throw SqliteErrors.Foreign(path);
            }
            catch (SqliteException exception) when (IsHalf(exception) && HasWriteAheadLog(path))
            {
                // A run that died while pages were copied back leaves the file shorter than its header says, or without a table; the log has the rest.
                return null;
            }
            catch (SqliteException exception) when (IsHalf(exception) && tries < ProbeTries)
            {
                // So does one that copies them back at this moment, and takes the log away when it is done: then the file is whole now.
            }
            catch (SqliteException exception)
            {
                throw SqliteErrors.Translate(exception, path);
            }
        }
    }

    private static bool IsHalf(SqliteException exception) => exception.SqliteErrorCode is SqliteErrors.Damaged or SqliteErrors.Failed;

    private static Guid? ProbeOnce(string path)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = $"{ToUri(path)}?immutable=1",
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
        }.ConnectionString);
        connection.Open();
        var session = new SqliteSession(connection);
        if (Convert.ToInt32(session.Scalar("PRAGMA application_id"), CultureInfo.InvariantCulture) != Schema.ApplicationId)
            throw SqliteErrors.Foreign(path);
        return HasWriteAheadLog(path) ? ReadId(session) : null;
    }

    private static async Task<(SqliteDatabase Database, KeyRing Keys)> OpenExistingAsync(
        string path, StoreKeyProvider provider, CancellationToken cancellationToken)
    {
        var (database, storeId) = await OpenProvedAsync(path, cancellationToken);
        KeyRing? keys = null;
        try
        {
            var ring = keys = new KeyRing(storeId);
            var master = new MasterKey(provider, path);
            var isNext = await master.FitAsync(
                ring, () => ((IStoreDatabase)database).ReadAsync(MasterKeyTable.ReadCheckAsync, cancellationToken), wasOpen: false, cancellationToken);
            if (isNext)
                await FinishReplacementAsync(database, ring, master, cancellationToken);

            var outdated = await database.ReadAsync(static session => Schema.GetVersion(session) < Schema.Migrations.Count, cancellationToken);
            if (outdated)
                await database.WriteAsync(static session => Schema.Migrate(session, Schema.Migrations), cancellationToken);
            database.KeepLog(false);
            return (database, keys);
        }
        catch
        {
            keys?.Dispose();
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// A write-ahead file is taken for its store's by its name alone; another one's, or a damaged one, must not be copied into the store by the very command
    /// that finds it out. So closing copies nothing until the caller says that all is well.
    /// </summary>
    private static async Task<(SqliteDatabase Database, Guid StoreId)> OpenProvedAsync(string path, CancellationToken cancellationToken)
    {
        var keepsLog = HasWriteAheadLog(path);
        var probed = Probe(path);
        var database = SqliteDatabase.Open(path);
        try
        {
            database.KeepLog(keepsLog);
            var storeId = await database.ReadAsync(session => ReadStoreId(session, path), cancellationToken);
            return probed is null || probed == storeId
                ? (database, storeId)
                : throw SqliteErrors.Corrupt(path, $"the write-ahead file '{path}-wal' beside it is another store's.");
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives a key to its provider, if it is this store's. The key is zeroed.</summary>
    public static async Task RestoreKeyAsync(string path, StoreKeyProvider provider, byte[] key, CancellationToken cancellationToken)
    {
        try
        {
            if (!File.Exists(path))
                throw SqliteErrors.Unavailable(path, "there is no such file", "Restore the store's file first: a key is proved by the store that it opens.");
            var (database, storeId) = await OpenProvedAsync(path, cancellationToken);
            await using var closed = database;
            await database.WriteAsync(
                session =>
                {
                    using var keys = new KeyRing(storeId);
                    if (!keys.TryUse(StoreKeyProvider.Copy(key), MasterKeyTable.ReadCheckAsync(session).GetAwaiter().GetResult()))
                    {
                        throw new RotationException(
                            RotationErrorCode.StoreKeyInvalid,
                            $"The key {KeyRing.IdOf(key)} is not the one that the store '{path}' is encrypted with.",
                            "Nothing was changed. The audit trail names the key of each time; a copy of the store needs the key of its time.");
                    }

                    provider.RestoreKey(path, key);
                },
                cancellationToken);
            database.KeepLog(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>The store has its new key already, and the provider's is still the former one: whoever replaced it died in between.</summary>
    private static async Task FinishReplacementAsync(SqliteDatabase database, KeyRing keys, MasterKey master, CancellationToken cancellationToken)
    {
        try
        {
            await database.WriteAsync(
                session =>
                {
                    if (keys.Matches(MasterKeyTable.ReadCheckAsync(session).GetAwaiter().GetResult()))
                        master.Adopt(keys);
                },
                cancellationToken);
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.StoreUnavailable)
        {
            // The key fits wherever it lies; whoever may write there puts it in its place.
        }
    }

    private static Guid ReadStoreId(SqliteSession session, string path)
    {
        if (Convert.ToInt32(session.Scalar("PRAGMA application_id"), CultureInfo.InvariantCulture) != Schema.ApplicationId)
            throw SqliteErrors.Foreign(path);

        var version = Schema.GetVersion(session);
        if (version > Schema.Migrations.Count)
        {
            throw SqliteErrors.Unavailable(
                path,
                string.Create(CultureInfo.InvariantCulture, $"it has the format {version}, and this version of the module knows formats up to {Schema.Migrations.Count}"),
                "Update the module: Update-PSResource Nebula.Rotation.");
        }

        if (version < 1)
            throw new StoreDataException("it has no format number.");
        if (new FileInfo(path).Length <= FullCheckLimit && session.Scalar("PRAGMA quick_check(1)") is not "ok" and var finding)
            throw new StoreDataException($"{finding}.");

        return ReadId(session) ?? throw new StoreDataException("its identity is missing.");
    }

    private static Guid? ReadId(SqliteSession session) =>
        session.Scalar("SELECT value FROM meta WHERE key = 'store-id'") is byte[] { Length: 16 } storeId ? new Guid(storeId) : null;

    /// <summary>
    /// Makes the whole store under another name and then links it to its own: at the path there is a complete store or none, whatever happens
    /// on the way. Of two processes that make it at once one wins, and both open the winner's.
    /// </summary>
    private static async Task CreateAsync(string path, StoreKeyProvider provider, CancellationToken cancellationToken)
    {
        if (HasWriteAheadLog(path))
        {
            // Looked for before its log was: another process may have made it in between, and written to it.
            if (File.Exists(path))
                return;
            throw new RotationException(
                RotationErrorCode.StoreCorrupt,
                $"The store '{path}' is missing, but its write-ahead file '{path}-wal' is there: a new store made here would be damaged by it.",
                $"Restore the store's file, or move '{path}-wal' and '{path}-shm' away.");
        }

        var draft = $"{path}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}.new";
        try
        {
            MakeFolder(Path.GetDirectoryName(path)!);
            var key = await provider.GetOrCreateKeyAsync(path, cancellationToken);
            var storeId = Guid.NewGuid();
            using var keys = new KeyRing(key, storeId);
            MakeEmptyFile(draft);
            await FillAsync(draft, path, storeId, keys.MakeKeyCheck(), cancellationToken);
            NewName.Take(draft, path);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was faster; its store is as good.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw SqliteErrors.Unavailable(
                path,
                $"it cannot be made ({exception.Message.TrimEnd('.')})",
                "Name a file in a folder that this account may write, with -Store or NEBULA_STORE.",
                exception);
        }
        finally
        {
            DeleteDraft(draft);
        }
    }

    private static async Task FillAsync(string draft, string path, Guid storeId, byte[] keyCheck, CancellationToken cancellationToken)
    {
        await using var database = SqliteDatabase.Open(draft, path);
        database.Bare(static session => session.Scalar("PRAGMA journal_mode = WAL"));
        await database.WriteAsync(
            session =>
            {
                session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {Schema.ApplicationId}"));
                Schema.Migrate(session, Schema.Migrations);
                session.Execute("INSERT INTO meta (key, value) VALUES ('store-id', $value)", ("$value", storeId.ToByteArray()));
                session.Execute("INSERT INTO meta (key, value) VALUES ('key-check', $value)", ("$value", keyCheck));
            },
            cancellationToken);
    }

    private static bool HasWriteAheadLog(string path) => new FileInfo(path + "-wal") is { Exists: true, Length: > 0 };

    private static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>SQLite gives -wal and -shm the rights of the file itself, so it is enough to make that one closed to others.</summary>
    private static void MakeEmptyFile(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(path, options);
    }

    private static void DeleteDraft(string draft)
    {
        foreach (var file in new[] { draft, draft + "-wal", draft + "-shm" })
        {
            try
            {
                File.Delete(file);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // A draft that stays behind does no harm: nothing opens it, and it holds no secret.
            }
        }
    }

    /// <summary>See sqlite.org/uri.html: the three characters with a meaning, backslashes, and a slash before a drive's letter.</summary>
    private static string ToUri(string path) => (path.StartsWith('/') ? "file:" : "file:///") + path
        .Replace("%", "%25", StringComparison.Ordinal)
        .Replace("?", "%3f", StringComparison.Ordinal)
        .Replace("#", "%23", StringComparison.Ordinal)
        .Replace('\\', '/');
}
