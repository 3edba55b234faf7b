using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>Holds a lease and renews it in the background. When it is lost, <see cref="Lost"/> is cancelled and nothing more may be touched.</summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly ICredentialStore _store;
    private readonly TimeSpan _duration;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly Task _renewal;

    private LeaseKeeper(ICredentialStore store, Lease lease, TimeSpan duration, TimeProvider time)
    {
        _store = store;
        _duration = duration;
        Lease = lease;
        _renewal = RenewAsync(duration, time);
    }

    public Lease Lease { get; }

    public CancellationToken Lost => _lost.Token;

    public static async Task<LeaseKeeper> TakeAsync(
        ICredentialStore store, Guid credentialId, TimeSpan duration, TimeProvider time, CancellationToken cancellationToken) =>
        new(store, await store.AcquireLeaseAsync(credentialId, duration, cancellationToken), duration, time);

    /// <summary>
    /// Asks the store whether the lease is still this runner's: the renewal in the background may not have had its turn since this process slept. It is asked
    /// before each change to a database that has no lock, so it writes only when the lease is about to end.
    /// </summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.LeaseLost"/>.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!await _store.HoldsLeaseAsync(Lease, _duration / 2, cancellationToken))
                await _store.RenewLeaseAsync(Lease, _duration, cancellationToken);
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.LeaseLost)
        {
            await _lost.CancelAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _renewal;
        try
        {
            await _store.ReleaseLeaseAsync(Lease, CancellationToken.None);
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.StoreUnavailable)
        {
            // The store is gone; the lease ends by itself. What failed before that is already on its way to the caller.
        }

        _stop.Dispose();
        _lost.Dispose();
    }

    private async Task RenewAsync(TimeSpan duration, TimeProvider time)
    {
        var renewedAt = time.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(duration / 3, time, _stop.Token);
                await _store.RenewLeaseAsync(Lease, duration, _stop.Token);
                renewedAt = time.GetTimestamp();
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (RotationException exception)
            {
                // A store that is busy for a moment is asked again while the lease still lasts; a lost lease is final.
                if (exception.Code == RotationErrorCode.LeaseLost || time.GetElapsedTime(renewedAt) >= duration)
                {
                    await _lost.CancelAsync();
                    return;
                }
            }
        }
    }
}
