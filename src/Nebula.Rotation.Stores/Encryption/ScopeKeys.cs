using System.Security.Cryptography;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>
/// Keys of scopes that are kept from other runners of the store: base64 of 32 bytes in <c>NEBULA_SCOPE_KEY_</c> and the scope's name, or in the file that
/// <c>NEBULA_SCOPE_KEYFILE_</c> and its name names. The first runner that stores a credential in a scope decides: with such a key the scope's data key is
/// sealed with it, and the store's own key does not open it; without one the store's key does. Variables with keys are taken out of this process's
/// environment when they are first read, and kept.
/// </summary>
public static class ScopeKeys
{
    /// <summary>What the name of a variable with a key begins with; the scope's name follows in capitals, everything but A to Z and 0 to 9 as _.</summary>
    public const string VariablePrefix = "NEBULA_SCOPE_KEY_";

    /// <summary>What the name of a variable with a key file's path begins with.</summary>
    public const string FileVariablePrefix = "NEBULA_SCOPE_KEYFILE_";

    private static readonly object Gate = new();
    private static readonly Dictionary<string, byte[]> Kept = new(StringComparer.Ordinal);

    /// <summary>Takes every variable with a scope's key out of the environment, so that child processes do not inherit it.</summary>
    internal static void TakeAll()
    {
        lock (Gate)
        {
            foreach (var name in Environment.GetEnvironmentVariables().Keys.OfType<string>().Where(name => name.StartsWith(VariablePrefix, StringComparison.Ordinal)).ToList())
                Take(name);
        }
    }

    /// <summary>Where a scope's key is looked for, for messages.</summary>
    internal static string Describe(string scope) => $"{VariablePrefix}{Suffix(scope)} or {FileVariablePrefix}{Suffix(scope)}";

    /// <summary>A copy of the scope's key, which the caller zeroes; null when this runner has none.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreKeyInvalid"/>: what is there is no key, or others can read it.</exception>
    internal static byte[]? Find(string scope)
    {
        var name = VariablePrefix + Suffix(scope);
        lock (Gate)
        {
            Take(name);
            if (Kept.TryGetValue(name, out var kept))
                return StoreKeyProvider.Copy(kept);
        }

        if (Environment.GetEnvironmentVariable(FileVariablePrefix + Suffix(scope)) is not { } path || string.IsNullOrWhiteSpace(path))
            return null;
        return KeyFileProvider.ReadExisting(Path.GetFullPath(path.Trim())) ?? throw new RotationException(
            RotationErrorCode.StoreKeyInvalid, $"The file '{path}' holds no key for the scope '{scope}'.", "It must be the base64 text of 32 bytes, such as openssl rand -base64 32 draws.");
    }

    private static void Take(string name)
    {
        if (Environment.GetEnvironmentVariable(name) is not { } text || string.IsNullOrWhiteSpace(text))
            return;
        var key = StoreKeyProvider.Decode(text) ?? throw new RotationException(
            RotationErrorCode.StoreKeyInvalid, $"The environment variable {name} is not a scope's key.", $"Set {name} to the base64 text of 32 bytes.");
        Environment.SetEnvironmentVariable(name, null);
        if (Kept.Remove(name, out var former))
            CryptographicOperations.ZeroMemory(former);
        Kept[name] = key;
    }

    private static string Suffix(string scope) =>
        string.Concat(CredentialNames.Fold(scope).Select(static letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));
}
