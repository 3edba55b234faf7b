using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>A folder with a store's file, and ways to look at and into it from outside.</summary>
public abstract class SqliteFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _copy = new();

    internal ManualTimeProvider Time { get; } = new();

    protected string Folder => _folder.Path;

    protected string StorePath => _folder.File("store.db");

    protected string KeyPath => StorePath + ".key";

    public void Dispose()
    {
        _folder.Dispose();
        _copy.Dispose();
        GC.SuppressFinalize(this);
    }

    protected Task<SqliteCredentialStore> OpenAsync(string? path = null, bool create = true, StoreKeyProvider? keys = null) =>
        SqliteCredentialStore.OpenAsync(path ?? StorePath, keys ?? new KeyFileProvider(), Time, create, TestContext.Current.CancellationToken);

    /// <summary>Makes a store with one credential, and closes it.</summary>
    protected async Task<DatabaseCredential> MakeAsync()
    {
        await using var store = await OpenAsync();
        return await store.AddAsync(StoreSamples.Credential(), StoreSamples.Login(), StoreSamples.Login("boss", "admin-password"), StoreSamples.Token);
    }

    /// <summary>Runs a statement on the file behind the store's back.</summary>
    protected void Meddle(string sql, params (string Name, object? Value)[] parameters)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = StorePath, Pooling = false }.ConnectionString);
        connection.Open();
        new SqliteSession(connection).Execute(sql, parameters);
    }

    /// <summary>Every file of the folder with a hash of its bytes; the store must be closed, since reading a file drops SQLite's locks on it.</summary>
    protected string Fingerprint() => string.Join('\n', Directory.GetFiles(Folder).Order(StringComparer.Ordinal).Select(
        static file => $"{Path.GetFileName(file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}"));

    /// <summary>Copies the folder by another process, as it is this moment; what was not written to the files is not in the copy.</summary>
    protected string CopyFolder()
    {
        using var process = Process.Start("cp", ["-a", Folder + "/.", _copy.Path]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return _copy.File(Path.GetFileName(StorePath));
    }
}
