using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Demo;

/// <summary>
/// Watches which login the store names, and hands each new one to a pool. This is all that an application has to do for a rotation: look often
/// enough (the drain waits for the quiet after the last look), and let go of the old login in its own time.
/// </summary>
internal sealed class StoreFollower(ICredentialStore store, string credentialName, RotatingPool pool, Tally tally)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private int _version;

    /// <summary>How long this consumer takes to follow: there is always one that is late.</summary>
    public TimeSpan Lateness { get; init; }

    /// <summary>Takes the login that is live now.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken) => await AdoptAsync(await ReadAsync(cancellationToken), cancellationToken);

    /// <summary>Follows until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Interval, cancellationToken);
            try
            {
                await FollowAsync(cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // The old login stays in use; the next look tries again.
                tally.Fail("adopting a login", exception);
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var live = await ReadAsync(cancellationToken);
        if (live.Login.Version == _version)
            return;
        if (Lateness > TimeSpan.Zero)
        {
            await Task.Delay(Lateness, cancellationToken);
            live = await ReadAsync(cancellationToken);
        }

        await AdoptAsync(live, cancellationToken);
    }

    private async Task AdoptAsync((DatabaseCredential Credential, LoginVersion Login) live, CancellationToken cancellationToken)
    {
        await pool.AdoptAsync(live.Credential, live.Login.Login, cancellationToken);
        // Compared for being another, not for being higher: an undo goes back.
        _version = live.Login.Version;
    }

    private async Task<(DatabaseCredential Credential, LoginVersion Login)> ReadAsync(CancellationToken cancellationToken)
    {
        var credential = await store.FindAsync(credentialName, DatabaseCredential.DefaultScope, cancellationToken)
            ?? throw new InvalidOperationException($"The store has no credential '{credentialName}'.");
        return (credential, await store.GetCurrentLoginAsync(credential.Id, cancellationToken));
    }
}
