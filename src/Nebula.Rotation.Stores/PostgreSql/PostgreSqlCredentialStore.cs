using System.Data.Common;
using System.Globalization;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Tables;

namespace Nebula.Rotation.Stores.PostgreSql;

/// <summary>
/// The store in a PostgreSQL database, for runners on many machines. Leases go by the server's clock. Works through a pooler that gives each transaction
/// another server session. The server sees names, settings and times; secrets are sealed here, before they are sent.
/// </summary>
public sealed class PostgreSqlCredentialStore : TableStore
{
    private PostgreSqlCredentialStore(PostgreSqlDatabase database, KeyRing keys, MasterKey master, TimeProvider time)
        : base(database, keys, master, time)
    {
    }

    /// <summary>Opens a store.</summary>
    /// <param name="source">Makes connections to its database; the store's from now on.</param>
    /// <param name="settings">Its name, and where its key is.</param>
    /// <param name="time">The clock of time stamps, corrected by the server's.</param>
    /// <param name="createIfMissing">True to make the tables, and the key where the provider can, when there are none.</param>
    /// <param name="cancellationToken">Stops before the next step.</param>
    /// <exception cref="RotationException">
    /// StoreUnavailable: missing, cannot be reached, or made by a newer version. StoreCorrupt: damaged. StoreKeyInvalid: no key, another store's key, or
    /// one that others can read.
    /// </exception>
    public static async Task<PostgreSqlCredentialStore> OpenAsync(
        DbDataSource source, PostgreSqlStoreSettings settings, TimeProvider time, bool createIfMissing, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(time);
        var database = new PostgreSqlDatabase(source, settings.Location, TimeProvider.System, settings.LeaseClockIsGiven);
        KeyRing? keys = null;
        try
        {
            var identity = await FindAsync(database, cancellationToken);
            if (identity is null && createIfMissing)
            {
                await CreateAsync(database, settings, cancellationToken);
                identity = await FindAsync(database, cancellationToken);
            }

            if (identity is null)
            {
                throw PostgreSqlErrors.Unavailable(
                    settings.Location,
                    "there is no store in this database",
                    "New-NebulaDbCredential makes it together with the first credential; name another store with -Store or NEBULA_STORE.");
            }

            CheckVersion(identity.Version, settings.Location);
            var ring = keys = new KeyRing(identity.StoreId);
            var master = new MasterKey(settings.Keys, settings.KeyPathOf(identity.StoreId), settings.Location);
            var isNext = await master.FitAsync(ring, () => database.ReadAsync(MasterKeyTable.ReadCheckAsync, cancellationToken), wasOpen: false, cancellationToken);
            if (isNext)
                await FinishReplacementAsync(database, ring, master, cancellationToken);
            if (identity.Version < PostgreSqlSchema.Migrations.Count)
                await MigrateAsync(database, cancellationToken);
            var clock = settings.LeaseClockIsGiven ? time : new ServerTime(time, identity.Now - time.GetUtcNow());
            return new PostgreSqlCredentialStore(database, ring, master, clock) { MovedTo = identity.MovedTo };
        }
        catch
        {
            keys?.Dispose();
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>Brings the key of a store back, where its provider keeps it, once it is known to be this store's.</summary>
    /// <exception cref="RotationException">StoreKeyInvalid: it does not open, or is another store's. InvalidArgument: the provider keeps no key.</exception>
    public static async Task<StoreKeyChange> ImportKeyAsync(
        DbDataSource source, PostgreSqlStoreSettings settings, TimeProvider time, StoreKeyImport import, CancellationToken cancellationToken)
    {
        var key = KeyEscrow.Open(import);
        try
        {
            var database = new PostgreSqlDatabase(source, settings.Location, TimeProvider.System, settings.LeaseClockIsGiven);
            var identity = await FindAsync(database, cancellationToken) ?? throw PostgreSqlErrors.Unavailable(
                settings.Location, "there is no store in this database", "Restore the database first: a key is proved by the store that it opens.");
            using var keys = new KeyRing(identity.StoreId);
            if (!keys.TryUse(StoreKeyProvider.Copy(key), await database.ReadAsync(MasterKeyTable.ReadCheckAsync, cancellationToken)))
            {
                throw new RotationException(
                    RotationErrorCode.StoreKeyInvalid,
                    $"The key {KeyRing.IdOf(key)} is not the one that the store '{settings.Location}' is encrypted with.",
                    "Nothing was changed. The audit trail names the key of each time; a copy of the store needs the key of its time.");
            }

            settings.MakeKeyFolder();
            settings.Keys.RestoreKey(settings.KeyPathOf(identity.StoreId), key);
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(key);
        }

        await using var store = await OpenAsync(source, settings, time, createIfMissing: false, cancellationToken);
        return await store.NoteImportAsync(import.Path, cancellationToken);
    }

    /// <summary>One question, whether there is a store or not.</summary>
    private static async Task<Identity?> FindAsync(PostgreSqlDatabase database, CancellationToken cancellationToken) => await database.ReadAsync(
        async session =>
        {
            try
            {
                return await session.FirstAsync(
                    $"""
                    SELECT (SELECT max(version) FROM schema_version), (SELECT value FROM meta WHERE key = 'store-id'), {PostgreSqlSession.ServerNow},
                           (SELECT value FROM meta WHERE key = 'moved-to')
                    """,
                    static row => row.BlobOrNull(1) is { Length: 16 } storeId
                        ? new Identity(row.IsDBNull(0) ? 0 : row.GetInt32(0), new Guid(storeId), row.TimeOf(2), row.BlobOrNull(3) is { } movedTo ? StoreMark.Decode(movedTo) : null)
                        : throw MasterKeyTable.NoIdentity());
            }
            catch (DbException exception) when (exception.SqlState is PostgreSqlErrors.NoTable or PostgreSqlErrors.NoSchema)
            {
                return null;
            }
        },
        cancellationToken);

    private static Task CreateAsync(PostgreSqlDatabase database, PostgreSqlStoreSettings settings, CancellationToken cancellationToken) => database.WriteAsync(
        async session =>
        {
            await PostgreSqlSchema.LockAsync(session);
            if (await PostgreSqlSchema.GetVersionAsync(session) > 0)
                return;
            var storeId = Guid.NewGuid();
            settings.MakeKeyFolder();
            using var keys = new KeyRing(await settings.Keys.GetOrCreateKeyAsync(settings.KeyPathOf(storeId), cancellationToken), storeId);
            await PostgreSqlSchema.MigrateAsync(session, PostgreSqlSchema.Migrations);
            await session.SendAsync("INSERT INTO meta (key, value) VALUES ('store-id', $value)", ("$value", storeId.ToByteArray()));
            await session.SendAsync("INSERT INTO meta (key, value) VALUES ('key-check', $value)", ("$value", keys.MakeKeyCheck()));
            await new AuditTable(keys, TimeProvider.System).GetOrMakeKeyAsync(session);
        },
        cancellationToken);

    private static Task MigrateAsync(PostgreSqlDatabase database, CancellationToken cancellationToken) => database.WriteAsync(
        async session =>
        {
            await PostgreSqlSchema.LockAsync(session);
            await PostgreSqlSchema.MigrateAsync(session, PostgreSqlSchema.Migrations);
        },
        cancellationToken);

    private static void CheckVersion(int version, string location)
    {
        if (version > PostgreSqlSchema.Migrations.Count)
        {
            throw PostgreSqlErrors.Unavailable(
                location,
                string.Create(CultureInfo.InvariantCulture, $"it has the format {version}, and this version of the module knows formats up to {PostgreSqlSchema.Migrations.Count}"),
                "Update the module: Update-PSResource Nebula.Rotation.");
        }
    }

    /// <summary>The store has its new key already, and the provider's is still the former one: whoever replaced it died in between.</summary>
    private static async Task FinishReplacementAsync(PostgreSqlDatabase database, KeyRing keys, MasterKey master, CancellationToken cancellationToken)
    {
        try
        {
            await database.WriteAsync(
                async session =>
                {
                    if (keys.Matches(await MasterKeyTable.ReadCheckAsync(session)))
                        master.Adopt(keys);
                },
                cancellationToken);
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.StoreUnavailable)
        {
            // The key fits wherever it lies; whoever may write there puts it in its place.
        }
    }

    private sealed record Identity(int Version, Guid StoreId, DateTimeOffset Now, string? MovedTo);
}
