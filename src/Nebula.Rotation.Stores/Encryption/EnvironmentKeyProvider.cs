using System.Security.Cryptography;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>
/// The master key from <c>NEBULA_STORE_KEY</c>: base64 of 32 bytes. The variable is taken out of this process's environment when it is first
/// read, so that child processes do not inherit it, and the key is kept for later opens. What the operating system shows of the environment the
/// process was started with (<c>/proc/…/environ</c>, to the same user and root) cannot be changed. A key that is to take its place stands in
/// <c>NEBULA_STORE_KEY_NEW</c>: a runner that has both opens the store before and after the change.
/// </summary>
public sealed class EnvironmentKeyProvider : StoreKeyProvider
{
    /// <summary>The variable's name.</summary>
    public const string VariableName = "NEBULA_STORE_KEY";

    /// <summary>The name of the variable with the next key.</summary>
    public const string NextVariableName = "NEBULA_STORE_KEY_NEW";

    private static readonly object Gate = new();
    private static byte[]? _kept;
    private static byte[]? _next;

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

    /// <inheritdoc/>
    public override ValueTask<byte[]?> FindNextKeyAsync(string storePath, CancellationToken cancellationToken)
    {
        lock (Gate)
        {
            Take(NextVariableName, ref _next);
            return new(_next is null ? null : DrawOrCopy(_next));
        }
    }

    /// <inheritdoc/>
    /// <remarks>A process cannot give its parent a variable, so the next key is one that the caller has: given, or in <c>NEBULA_STORE_KEY_NEW</c>.</remarks>
    public override byte[] StageKey(string storePath, byte[]? given)
    {
        lock (Gate)
        {
            Take(NextVariableName, ref _next);
            if (given is null && _next is null)
            {
                throw new RotationException(
                    RotationErrorCode.InvalidArgument,
                    $"The store's key comes from {VariableName}, where it cannot be replaced from here: the next one has to be given.",
                    $"Nothing was changed. Draw one (openssl rand -base64 32), keep it where {VariableName} comes from, and give it with -NewKey or in {NextVariableName}.");
            }

            return DrawOrCopy(given ?? _next);
        }
    }

    /// <inheritdoc/>
    public override void AdoptKey(string storePath, ReadOnlySpan<byte> key)
    {
        lock (Gate)
        {
            CryptographicOperations.ZeroMemory(_kept);
            _kept = Allocate();
            key.CopyTo(_kept);
        }
    }

    /// <inheritdoc/>
    public override void RestoreKey(string storePath, byte[] key) => throw new RotationException(
        RotationErrorCode.InvalidArgument,
        $"The store's key comes from {VariableName}, which cannot be set from here.",
        "Nothing was changed. Set the variable where it comes from, or unset it to have the key file written.");

    internal override string DescribeReplacement(string storePath) =>
        $"This process has the new key; give it to every other runner as {VariableName}, and take {NextVariableName} away. "
        + "Copies of the store from before need the former key, and whoever has both can read what they hold.";

    /// <summary>Forgets the kept keys.</summary>
    public static void Forget()
    {
        lock (Gate)
        {
            CryptographicOperations.ZeroMemory(_kept);
            CryptographicOperations.ZeroMemory(_next);
            _kept = _next = null;
        }
    }

    private static byte[] Take()
    {
        lock (Gate)
        {
            Take(VariableName, ref _kept);
            Take(NextVariableName, ref _next);
            if (_kept is null)
            {
                throw new RotationException(
                    RotationErrorCode.StoreKeyInvalid,
                    $"The environment variable {VariableName} is not set.",
                    $"Set {VariableName} to the base64 text of 32 bytes, or leave it unset everywhere to use the key file beside the store.");
            }

            return DrawOrCopy(_kept);
        }
    }

    /// <summary>A value set since then wins: it is what the user said last.</summary>
    private static void Take(string variable, ref byte[]? kept)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { } text || string.IsNullOrWhiteSpace(text))
            return;
        var key = Decode(text) ?? throw new RotationException(
            RotationErrorCode.StoreKeyInvalid,
            $"The environment variable {variable} is not a store key.",
            $"Set {variable} to the base64 text of a store key: 32 bytes.");
        Environment.SetEnvironmentVariable(variable, null);
        CryptographicOperations.ZeroMemory(kept);
        kept = key;
    }
}
