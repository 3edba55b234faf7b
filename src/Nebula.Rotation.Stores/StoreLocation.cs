namespace Nebula.Rotation.Stores;

/// <summary>Where a store is: what the caller names, else <c>NEBULA_STORE</c>, else a file in the user's local data folder.</summary>
public sealed class StoreLocation
{
    /// <summary>The environment variable that names the store.</summary>
    public const string VariableName = "NEBULA_STORE";

    private StoreLocation(string path) => Path = path;

    /// <summary>The full path of the SQLite file.</summary>
    public string Path { get; }

    /// <summary>Resolves a location; nothing is opened.</summary>
    /// <param name="store">What the caller names, or null.</param>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreUnavailable"/> when it is no file path.</exception>
    public static StoreLocation Resolve(string? store) =>
        Resolve(store, Environment.GetEnvironmentVariable(VariableName), Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify));

    /// <summary>The path.</summary>
    public override string ToString() => Path;

    internal static StoreLocation Resolve(string? store, string? variable, string localData)
    {
        var named = !string.IsNullOrWhiteSpace(store) ? store : variable;
        if (!string.IsNullOrWhiteSpace(named))
            return FromText(named.Trim());

        if (string.IsNullOrEmpty(localData))
        {
            throw new RotationException(
                RotationErrorCode.StoreUnavailable,
                "No store is named, and this account has no local data folder for the default one.",
                $"Name a file with -Store or {VariableName}.");
        }

        return new StoreLocation(System.IO.Path.Combine(localData, "Nebula.Rotation", "store.db"));
    }

    private static StoreLocation FromText(string text)
    {
        // The text may hold a password (postgresql://user:password@…), so no message repeats it.
        var separator = text.IndexOf("://", StringComparison.Ordinal);
        if (separator > 0)
        {
            var scheme = text[..separator];
            if (scheme.Equals("postgresql", StringComparison.OrdinalIgnoreCase) || scheme.Equals("postgres", StringComparison.OrdinalIgnoreCase))
            {
                throw new RotationException(
                    RotationErrorCode.StoreUnavailable,
                    "A store on PostgreSQL is not yet supported by this version.",
                    $"Use a file path with -Store or {VariableName}.");
            }

            throw new RotationException(
                RotationErrorCode.StoreUnavailable,
                "The store is named by a URI of a kind that is not supported.",
                $"Use a file path with -Store or {VariableName}.");
        }

        try
        {
            return new StoreLocation(System.IO.Path.GetFullPath(text));
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or PathTooLongException)
        {
            throw new RotationException(
                RotationErrorCode.StoreUnavailable,
                $"The store's path is not valid: {exception.Message}",
                $"Use a file path with -Store or {VariableName}.",
                exception);
        }
    }
}
