using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;

namespace Nebula.Rotation.Engine.Tests.Support;

/// <summary>A store in a throw-away folder.</summary>
internal sealed class TestStore : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public string Folder => _folder.Path;

    public async Task<ICredentialStore> OpenAsync(TimeProvider? time = null) => await SqliteCredentialStore.OpenAsync(
        Path.Combine(_folder.Path, "store.db"), new KeyFileProvider(), time ?? TimeProvider.System, createIfMissing: true, CancellationToken.None);

    public void Dispose() => _folder.Dispose();
}
