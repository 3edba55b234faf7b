using System.Data.Common;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.PostgreSql;
using Nebula.Rotation.Stores.Sqlite;

namespace Nebula.Rotation.Pooling.Sources;

/// <summary>
/// The live login as the store names it. A look that finds nothing new is one query: the password is read, and decrypted, only when the credential has
/// changed.
/// </summary>
public sealed class StoreLoginSource : ILoginSource
{
    private const int Attempts = 5;

    private readonly ICredentialStore _store;
    private readonly string _name;
    private readonly string _scope;
    private readonly bool _ownsStore;
    private (long Revision, int Version, PoolLogin Login)? _last;

    /// <summary>Reads from a store that somebody else owns.</summary>
    public StoreLoginSource(ICredentialStore store, string name, string scope = DatabaseCredential.DefaultScope)
        : this(store, name, scope, ownsStore: false)
    {
    }

    private StoreLoginSource(ICredentialStore store, string name, string scope, bool ownsStore)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrEmpty(name);
        (_store, _name, _scope, _ownsStore) = (store, name, scope, ownsStore);
    }

    /// <summary>Opens a store, and reads from it until the source is disposed.</summary>
    /// <param name="store">Where it is; null for <c>NEBULA_STORE</c>, else the user's local data folder.</param>
    /// <param name="name">The credential's name.</param>
    /// <param name="scope">Its scope.</param>
    /// <param name="connect">Makes connections to a shared store's database, which needs a driver; the source disposes it. Not needed for a file.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="RotationException">There is no such store, or it cannot be opened.</exception>
    public static async Task<StoreLoginSource> OpenAsync(
        string? store,
        string name,
        string scope = DatabaseCredential.DefaultScope,
        Func<StoreAddress, DbDataSource>? connect = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var location = StoreLocation.Resolve(store);
        if (location.Path is { } path)
        {
            return new StoreLoginSource(
                await SqliteCredentialStore.OpenAsync(path, StoreKeyProvider.Default, TimeProvider.System, createIfMissing: false, cancellationToken),
                name,
                scope,
                ownsStore: true);
        }

        if (connect is null)
        {
            throw new RotationException(
                RotationErrorCode.StoreUnavailable,
                $"The store {location} is a PostgreSQL database, and this source was given no way to connect to it.",
                "Give it one: connect: address => NpgsqlDataSource.Create(…).");
        }

        var settings = new PostgreSqlStoreSettings(location.ToString(), StoreKeyProvider.Default, location.KeyFolder);
        return new StoreLoginSource(
            await PostgreSqlCredentialStore.OpenAsync(connect(location.Address!), settings, TimeProvider.System, createIfMissing: false, cancellationToken),
            name,
            scope,
            ownsStore: true);
    }

    /// <inheritdoc/>
    public async ValueTask<PoolLogin> ReadAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var credential = await _store.FindAsync(_name, _scope, cancellationToken) ?? throw new RotationException(
                RotationErrorCode.CredentialNotFound,
                $"The store '{_store.Location}' has no credential '{_name}' in scope '{_scope}'.",
                "Get-NebulaDbCredential lists those that it has.");
            if (_last is { } last && last.Revision == credential.Revision && last.Version == credential.Version)
                return last.Login;

            var current = await _store.GetCurrentLoginAsync(credential.Id, cancellationToken);
            // Between the two reads a rotation may have published.
            if (current.Version != credential.Version || current.Login.Username != credential.Username)
                continue;
            var login = new PoolLogin(current.Login) { Credential = credential, Version = current.Version };
            _last = (credential.Revision, credential.Version, login);
            return login;
        }

        throw new RotationException(RotationErrorCode.CredentialChanged, $"The credential '{_name}' changes faster than it can be read.");
    }

    /// <summary>Closes the store if it was opened here.</summary>
    public ValueTask DisposeAsync() => _ownsStore ? _store.DisposeAsync() : ValueTask.CompletedTask;
}
