namespace Nebula.Rotation.Stores;

/// <summary>Where a store is, a file or a PostgreSQL database: what the caller names, else <c>NEBULA_STORE</c>, else a file in the user's local data folder.</summary>
public sealed class StoreLocation
{
    /// <summary>The environment variable that names the store.</summary>
    public const string VariableName = "NEBULA_STORE";

    private StoreLocation(string? path, StoreAddress? address, string localData)
    {
        Path = path;
        Address = address;
        KeyFolder = System.IO.Path.Combine(localData, "Nebula.Rotation");
    }

    /// <summary>The full path of the SQLite file; null for a shared store.</summary>
    public string? Path { get; }

    /// <summary>The address of a shared store; null for a file.</summary>
    public StoreAddress? Address { get; }

    /// <summary>Where this account keeps the keys of shared stores; a file's key lies beside it.</summary>
    public string KeyFolder { get; }

    /// <summary>Resolves a location; nothing is opened.</summary>
    /// <param name="store">What the caller names, or null.</param>
    /// <exception cref="RotationException">StoreUnavailable: it is no file path. InvalidArgument: it is an address that cannot be read, or an argument with a password.</exception>
    public static StoreLocation Resolve(string? store) =>
        Resolve(store, Environment.GetEnvironmentVariable(VariableName), Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify));

    /// <summary>The path, or the address without its password.</summary>
    public override string ToString() => Path ?? Address!.ToString();

    internal static StoreLocation Resolve(string? store, string? variable, string localData)
    {
        var isArgument = !string.IsNullOrWhiteSpace(store);
        var named = isArgument ? store : variable;
        if (!string.IsNullOrWhiteSpace(named))
            return FromText(named.Trim(), isArgument, localData);

        if (string.IsNullOrEmpty(localData))
        {
            throw new RotationException(
                RotationErrorCode.StoreUnavailable,
                "No store is named, and this account has no local data folder for the default one.",
                $"Name a file with -Store or {VariableName}.");
        }

        return new StoreLocation(System.IO.Path.Combine(localData, "Nebula.Rotation", "store.db"), null, localData);
    }

    private static StoreLocation FromText(string text, bool isArgument, string localData)
    {
        // The text may hold a password (postgresql://user:password@…), so no message repeats it.
        var separator = text.IndexOf("://", StringComparison.Ordinal);
        if (separator > 0)
        {
            if (StoreAddress.IsAddress(text))
                return new StoreLocation(null, StoreAddress.Parse(text, mayHavePassword: !isArgument), localData);

            throw new RotationException(
                RotationErrorCode.StoreUnavailable,
                "The store is named by a URI of a kind that is not supported.",
                $"Use a file path or postgresql://user@host:port/database with -Store or {VariableName}.");
        }

        try
        {
            return new StoreLocation(System.IO.Path.GetFullPath(text), null, localData);
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
