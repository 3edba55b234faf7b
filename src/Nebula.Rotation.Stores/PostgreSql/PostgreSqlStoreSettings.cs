using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.PostgreSql;

/// <summary>A shared store's name, and where a runner keeps its key.</summary>
/// <param name="Location">The address for messages; it has no password.</param>
/// <param name="Keys">Where the master key comes from.</param>
/// <param name="KeyFolder">The folder of this runner's key files. A store's is named by its id, which it keeps whatever address it is reached by.</param>
public sealed record PostgreSqlStoreSettings(string Location, StoreKeyProvider Keys, string KeyFolder)
{
    /// <summary>True when leases go by the given clock, not by the server's: for tests, which cannot wait.</summary>
    internal bool LeaseClockIsGiven { get; init; }

    /// <summary>What a key provider takes for the store's path: the key file is this with <c>.key</c> appended.</summary>
    public string KeyPathOf(Guid storeId) => Path.Combine(KeyFolder, $"store-{storeId:D}");

    /// <summary>Makes the folder, closed to others, when it is missing.</summary>
    internal void MakeKeyFolder()
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(KeyFolder);
            else
                Directory.CreateDirectory(KeyFolder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RotationException(
                RotationErrorCode.StoreUnavailable,
                $"The folder '{KeyFolder}' for the store's key cannot be made: {exception.Message}",
                $"Name a key file in {KeyFileProvider.VariableName}, or set {EnvironmentKeyProvider.VariableName}.",
                exception);
        }
    }
}
