using System.Globalization;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>The options that -Option gives this room.</summary>
internal static class MySqlOptions
{
    /// <summary>How long a statement waits for a metadata lock, in seconds (2 or 2s).</summary>
    private const string LockTimeoutName = "LockTimeout";

    /// <summary>What becomes of routines and triggers of the old login: <see cref="Keep"/> or <see cref="Recreate"/>.</summary>
    public const string DefinersName = "Definers";

    /// <summary>The old account is kept as their definer: locked, with a password that nobody has.</summary>
    public const string Keep = "Keep";

    /// <summary>They are made again with the new login as definer, and the old account is dropped.</summary>
    public const string Recreate = "Recreate";

    /// <summary>A PEM file with the server's RSA key, for caching_sha2_password without TLS.</summary>
    private const string ServerPublicKeyName = "ServerPublicKey";

    /// <summary>Short: everybody who comes after a statement that waits for a lock waits too.</summary>
    private const int DefaultLockTimeout = 1;

    private const int LongestLockTimeout = 60;

    /// <summary>In seconds.</summary>
    public static int LockTimeout(DatabaseCredential credential)
    {
        if (Value(credential, LockTimeoutName) is not { } text)
            return DefaultLockTimeout;
        return int.TryParse(text.TrimEnd('s'), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= LongestLockTimeout
            ? seconds
            : throw new RotationException(
                RotationErrorCode.InvalidArgument, $"{LockTimeoutName} '{text}' is not a time from 1s to {LongestLockTimeout}s.", "Use whole seconds; the server knows no shorter time.");
    }

    public static bool RecreatesDefiners(DatabaseCredential credential) => Recreate.Equals(Value(credential, DefinersName), StringComparison.OrdinalIgnoreCase);

    public static string? ServerPublicKey(DatabaseCredential credential) => Value(credential, ServerPublicKeyName);

    public static void Validate(DatabaseCredential credential)
    {
        LockTimeout(credential);
        if (Value(credential, DefinersName) is { } definers && !definers.Equals(Keep, StringComparison.OrdinalIgnoreCase) && !definers.Equals(Recreate, StringComparison.OrdinalIgnoreCase))
            throw new RotationException(RotationErrorCode.InvalidArgument, $"{DefinersName} '{definers}' means nothing to MySQL.", $"Use {Keep} (the default) or {Recreate}.");
        if (ServerPublicKey(credential) is { } key && !File.Exists(key))
            throw new RotationException(RotationErrorCode.InvalidArgument, $"There is no key of a server at {key}.", "Give the path of a PEM file.");
        string[] known = [LockTimeoutName, DefinersName, ServerPublicKeyName];
        if (credential.Option.Keys.FirstOrDefault(name => !known.Contains(name, StringComparer.OrdinalIgnoreCase) && !StrategyOptions.IsOne(name)) is { } unknown)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument, $"MySQL has no option '{unknown}'.", $"Use {string.Join(", ", known)} or {StrategyOptions.AlternateUsername}, or leave options out.");
        }
    }

    private static string? Value(DatabaseCredential credential, string name) =>
        credential.Option.FirstOrDefault(option => option.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}
