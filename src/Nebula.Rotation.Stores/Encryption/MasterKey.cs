namespace Nebula.Rotation.Stores.Encryption;

/// <summary>Where an open store gets its master key from, at first and after another process has replaced it.</summary>
internal sealed class MasterKey(StoreKeyProvider provider, string storePath, string? location = null)
{
    private readonly string _location = location ?? storePath;

    /// <summary>Where the key comes from, for messages.</summary>
    public string Description => provider.Describe(storePath);

    /// <summary>What is to be done after it was replaced.</summary>
    public string Advice => provider.DescribeReplacement(storePath);

    /// <summary>Gives the ring the provider's key that is the store's.</summary>
    /// <param name="ring">The keys of the store.</param>
    /// <param name="readKeyCheck">Reads the store's key check, by which it tells its key.</param>
    /// <param name="wasOpen">True when this process had the right key before.</param>
    /// <param name="cancellationToken">Stops between two reads.</param>
    /// <returns>True when it is the next key: a replacement has yet to be finished with <see cref="Adopt"/>.</returns>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreKeyInvalid"/>: the provider has no such key.</exception>
    public async Task<bool> FitAsync(KeyRing ring, Func<Task<byte[]>> readKeyCheck, bool wasOpen, CancellationToken cancellationToken)
    {
        for (byte[]? last = null; ;)
        {
            var check = await readKeyCheck();
            if (ring.TryUse(await provider.GetKeyAsync(storePath, cancellationToken), check))
                return false;
            if (await provider.FindNextKeyAsync(storePath, cancellationToken) is { } next && ring.TryUse(next, check))
                return true;

            // Of a key that is replaced between two reads either may be too old: the second look is at one moment's store and key.
            if (last is not null && check.AsSpan().SequenceEqual(last))
                throw wasOpen ? Replaced() : Foreign();
            last = check;
        }
    }

    /// <summary>Makes the next key; see <see cref="StoreKeyProvider.StageKey"/>.</summary>
    public byte[] Stage(byte[]? given) => provider.StageKey(storePath, given);

    /// <summary>Finishes a replacement; called with the store's write lock held and the ring's key known to be the store's.</summary>
    public void Adopt(KeyRing ring) => ring.GiveTo(key => provider.AdoptKey(storePath, key));

    private RotationException Foreign() => new(
        RotationErrorCode.StoreKeyInvalid,
        $"The key from {Description} is not the one that the store '{_location}' is encrypted with.",
        $"Give the right key file or {EnvironmentKeyProvider.VariableName} (Update-NebulaStoreKey may have replaced it), bring it back from escrow with "
        + "Import-NebulaStoreKey, or name the store that belongs to this key.");

    private RotationException Replaced() => new(
        RotationErrorCode.StoreKeyInvalid,
        $"The key of the store '{_location}' was replaced while this process ran, and {Description} still has the former one. Nothing was written.",
        $"Put the new key there and start again; a rotation that was under way is finished by Resume-NebulaRotation.");
}
