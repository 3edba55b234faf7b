using System.Security.Cryptography;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>
/// The master key from <c>NEBULA_STORE_KEY</c>: base64 of 32 bytes. The variable is taken out of this process's environment when it is first
/// read, so that child processes do not inherit it, and the key is kept for later opens. What the operating system shows of the environment the
/// process was started with (<c>/proc/…/environ</c>, to the same user and root) cannot be changed.
/// </summary>
public sealed class EnvironmentKeyProvider : StoreKeyProvider
{
    /// <summary>The variable's name.</summary>
    public const string VariableName = "NEBULA_STORE_KEY";

    private static readonly object Gate = new();
    private static byte[]? _kept;

    /// <summary>True when the variable is set, or was when it was first read.</summary>
    public static bool IsAvailable
    {
        get
        {
            lock (Gate)
                return _kept is not null || !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(VariableName));
        }
    }

    /// <inheritdoc/>
    public override string Describe(string storePath) => $"the environment variable {VariableName}";

    /// <inheritdoc/>
    public override ValueTask<byte[]> GetKeyAsync(string storePath, CancellationToken cancellationToken) => new(Take());

    /// <inheritdoc/>
    public override ValueTask<byte[]> GetOrCreateKeyAsync(string storePath, CancellationToken cancellationToken) => new(Take());

    /// <summary>Forgets the kept key.</summary>
    public static void Forget()
    {
        lock (Gate)
        {
            CryptographicOperations.ZeroMemory(_kept);
            _kept = null;
        }
    }

    private static byte[] Take()
    {
        lock (Gate)
        {
            // A value set since then wins: it is what the user said last.
            if (Environment.GetEnvironmentVariable(VariableName) is { } text && !string.IsNullOrWhiteSpace(text))
            {
                var key = Decode(text) ?? throw new RotationException(
                    RotationErrorCode.StoreKeyInvalid,
                    $"The environment variable {VariableName} is not a store key.",
                    $"Set {VariableName} to the base64 text of the 32 bytes that the store was made with.");
                Environment.SetEnvironmentVariable(VariableName, null);
                CryptographicOperations.ZeroMemory(_kept);
                _kept = key;
            }

            if (_kept is null)
            {
                throw new RotationException(
                    RotationErrorCode.StoreKeyInvalid,
                    $"The environment variable {VariableName} is not set.",
                    $"Set {VariableName} to the base64 text of 32 bytes, or leave it unset everywhere to use the key file beside the store.");
            }

            var copy = Allocate();
            _kept.CopyTo(copy, 0);
            return copy;
        }
    }
}
