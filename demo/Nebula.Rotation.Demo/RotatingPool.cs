namespace Nebula.Rotation.Demo;

/// <summary>
/// A pool whose login can be replaced while it is in use. What is borrowed stays good until it is given back; what is borrowed afterwards belongs
/// to the new login.
/// </summary>
internal sealed class RotatingPool(IShop shop, string applicationName, int size) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private PoolGeneration? _present;

    /// <summary>The login that the next connection belongs to; empty before the first.</summary>
    public string Username
    {
        get
        {
            lock (_gate)
                return _present?.Username ?? "";
        }
    }

    /// <summary>Takes a new login: proves it first, so that one that does not work changes nothing here.</summary>
    public async Task AdoptAsync(DatabaseCredential credential, Login login, CancellationToken cancellationToken)
    {
        var source = shop.Connect(credential, login, applicationName, size);
        try
        {
            await using var proof = await source.OpenConnectionAsync(cancellationToken);
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }

        PoolGeneration? former;
        lock (_gate)
        {
            former = _present;
            _present = new PoolGeneration(login.Username, source);
        }

        if (former is not null)
        {
            // Idle connections close now, so that the old login's sessions end as soon as their work does. The borrowed ones close when they
            // come back, and the last one takes the former generation with it.
            shop.ClearIdle(former.Source);
            await former.LetGoAsync();
        }
    }

    public async Task<BorrowedConnection> BorrowAsync(CancellationToken cancellationToken)
    {
        PoolGeneration generation;
        lock (_gate)
        {
            // Under the lock the present generation is held by this pool, so it cannot be disposed before we hold it too.
            generation = _present ?? throw new InvalidOperationException("The pool has no login yet.");
            generation.Hold();
        }

        try
        {
            return new BorrowedConnection(generation, await generation.Source.OpenConnectionAsync(cancellationToken));
        }
        catch
        {
            await generation.LetGoAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        PoolGeneration? last;
        lock (_gate)
        {
            last = _present;
            _present = null;
        }

        if (last is not null)
            await last.LetGoAsync();
    }
}
