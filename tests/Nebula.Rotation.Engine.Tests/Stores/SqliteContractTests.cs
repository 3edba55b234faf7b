using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>The SQLite store keeps the contract.</summary>
public sealed class SqliteContractTests : RotationStoreContract
{
    private readonly TemporaryFolder _folder = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    protected override async Task<ICredentialStore> OpenAsync() => await SqliteCredentialStore.OpenAsync(
        _folder.File("store.db"), new KeyFileProvider(), Time, createIfMissing: true, TestContext.Current.CancellationToken);
}
