using System.Text;

namespace Nebula.Rotation.Pooling.Sources;

/// <summary>
/// A login in a file that a publish target writes: an <c>.env</c> file or a JSON file. The file is read at each look, not watched: what replaces a file by
/// a rename, or a folder by a link as Kubernetes does, is not seen by every file system's watch.
/// </summary>
public sealed class FileLoginSource : ILoginSource
{
    private const int MaxLength = 1 << 20;

    private readonly string _path;
    private readonly Func<string, Func<string, string>> _parse;
    private readonly string[] _keys;

    private FileLoginSource(string path, Func<string, Func<string, string>> parse, params string[] keys)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        foreach (var key in keys)
            ArgumentException.ThrowIfNullOrEmpty(key);
        _path = Path.GetFullPath(path);
        _parse = parse;
        _keys = keys;
    }

    /// <summary>User name and password from two variables of an <c>.env</c> file.</summary>
    public static FileLoginSource FromEnvFile(string path, string usernameVariable, string passwordVariable) =>
        new(path, EnvText.Parse, usernameVariable, passwordVariable);

    /// <summary>A connection string from a variable of an <c>.env</c> file.</summary>
    public static FileLoginSource FromEnvFile(string path, string connectionStringVariable) => new(path, EnvText.Parse, connectionStringVariable);

    /// <summary>User name and password from a JSON file, by key paths such as <c>Database:Username</c>.</summary>
    public static FileLoginSource FromJsonFile(string path, string usernameKey, string passwordKey) => new(path, JsonText.Parse, usernameKey, passwordKey);

    /// <summary>A connection string from a JSON file, by a key path such as <c>ConnectionStrings:Default</c>.</summary>
    public static FileLoginSource FromJsonFile(string path, string connectionStringKey) => new(path, JsonText.Parse, connectionStringKey);

    /// <inheritdoc/>
    public async ValueTask<PoolLogin> ReadAsync(CancellationToken cancellationToken)
    {
        string[] values;
        try
        {
            var find = _parse(await ReadTextAsync(cancellationToken));
            values = [.. _keys.Select(find)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new RotationException(RotationErrorCode.CredentialNotFound, $"'{_path}' gives no login: {exception.Message}");
        }

        return values is [var username, var password]
            ? new PoolLogin(new Login(username, new Secret(password)))
            : PoolLogin.FromConnectionString(new Secret(values[0]));
    }

    /// <summary>Nothing to do.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<string> ReadTextAsync(CancellationToken cancellationToken)
    {
        // Shared with everybody: whoever replaces the file must not be held up by a look at it.
        await using var file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 4096, useAsync: true);
        if (file.Length > MaxLength)
            throw new IOException("it is too long for a file with a login.");
        using var reader = new StreamReader(file, Encoding.UTF8);
        return await reader.ReadToEndAsync(cancellationToken);
    }
}
