using System.Globalization;
using Nebula.Rotation.Stores.Leases;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>Leases. A lease's fence, checked in the transaction of each write, is what keeps a runner that slept too long from writing.</summary>
internal sealed class LeaseTable(TimeProvider time)
{
    /// <param name="session">The session.</param>
    /// <param name="credentialId">The credential.</param>
    /// <param name="owner">Who takes it. One that has it already takes it again: the answer to its first question may have been lost.</param>
    /// <param name="duration">How long it lasts.</param>
    public async Task<Lease> AcquireAsync(StoreSession session, Guid credentialId, string owner, TimeSpan duration)
    {
        if (await TryTakeAsync(session, credentialId, owner, null, duration) is { } taken)
            return taken;

        var credential = (await CredentialTable.GetAsync(session, credentialId)).Credential;
        var gone = await FindGoneAsync(session, credential);

        // Between the two statements somebody else may have taken it; then that one is named.
        for (; ; gone = await FindGoneAsync(session, credential))
        {
            if (await TryTakeAsync(session, credentialId, owner, gone, duration) is { } lease)
                return lease;
        }
    }

    /// <summary>Nothing when the credential's lease can be taken: it is free, over, or its holder is gone.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.LeaseHeld"/>.</exception>
    public Task CheckFreeAsync(StoreSession session, DatabaseCredential credential) => FindGoneAsync(session, credential);

    /// <summary>Called by whoever writes to a credential without a lease: nobody takes one meanwhile. It comes before the credential's own row, as everywhere.</summary>
    public static Task LockAsync(StoreSession session, Guid credentialId) =>
        session.LockAsync("SELECT 1 FROM leases WHERE credential_id = $id", ("$id", Column.Of(credentialId)));

    /// <exception cref="RotationException"><see cref="RotationErrorCode.LeaseLost"/>.</exception>
    public async Task RenewAsync(StoreSession session, Lease lease, TimeSpan duration)
    {
        var changed = await session.ExecuteAsync(
            $"UPDATE leases SET expires_at = {session.Expiry} WHERE credential_id = $id AND owner = $owner AND fence = $fence",
            ("$expires", Column.Of(time.GetUtcNow() + duration)),
            ("$seconds", duration.TotalSeconds),
            ("$id", Column.Of(lease.CredentialId)),
            ("$owner", lease.Owner),
            ("$fence", lease.Fence));
        if (changed == 0)
            throw Lost();
    }

    /// <summary>True when the lease is the runner's for at least so long.</summary>
    public async Task<bool> HoldsAsync(StoreSession session, Lease lease, TimeSpan atLeast) => await session.ScalarAsync(
        $"SELECT 1 FROM leases WHERE credential_id = $id AND owner = $owner AND fence = $fence AND expires_at >= {session.Expiry}",
        ("$id", Column.Of(lease.CredentialId)),
        ("$owner", lease.Owner),
        ("$fence", lease.Fence),
        ("$expires", Column.Of(time.GetUtcNow() + atLeast)),
        ("$seconds", atLeast.TotalSeconds)) is not null;

    public static Task ReleaseAsync(StoreSession session, Lease lease) => session.ExecuteAsync(
        "UPDATE leases SET owner = NULL, expires_at = NULL WHERE credential_id = $id AND owner = $owner AND fence = $fence",
        ("$id", Column.Of(lease.CredentialId)),
        ("$owner", lease.Owner),
        ("$fence", lease.Fence));

    /// <summary>
    /// Refuses a write of a runner whose lease another has taken since, or that gave it back. A lease that is merely over still writes: nobody
    /// else has begun, and stopping here would leave more to clean up than going on.
    /// </summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.LeaseLost"/>.</exception>
    public static async Task CheckAsync(StoreSession session, Lease lease)
    {
        var held = await session.ScalarAsync(
            $"SELECT 1 FROM leases WHERE credential_id = $id AND owner = $owner AND fence = $fence{session.LockClause()}",
            ("$id", Column.Of(lease.CredentialId)),
            ("$owner", lease.Owner),
            ("$fence", lease.Fence));
        if (held is null)
            throw Lost();
    }

    /// <summary>One statement, so that of many runners one gets it. Null when it is held, or there is no such credential.</summary>
    private async Task<Lease?> TryTakeAsync(StoreSession session, Guid credentialId, string owner, string? gone, TimeSpan duration)
    {
        var now = time.GetUtcNow();
        var fence = await session.ScalarAsync(
            $"""
            INSERT INTO leases (credential_id, owner, fence, expires_at)
            SELECT id, $owner, 1, {session.Expiry} FROM credentials WHERE id = $id
            ON CONFLICT (credential_id) DO UPDATE SET owner = excluded.owner, fence = leases.fence + 1, expires_at = excluded.expires_at
            WHERE leases.owner IS NULL OR leases.expires_at IS NULL OR leases.expires_at <= {session.Now} OR leases.owner = $owner OR leases.owner = $gone
            RETURNING fence
            """,
            ("$id", Column.Of(credentialId)),
            ("$owner", owner),
            ("$gone", gone ?? owner),
            ("$now", Column.Of(now)),
            ("$expires", Column.Of(now + duration)),
            ("$seconds", duration.TotalSeconds));
        return fence is null ? null : new Lease(credentialId, owner, Convert.ToInt64(fence, CultureInfo.InvariantCulture));
    }

    /// <summary>The holder, when it certainly is no more; null when the lease is free or over.</summary>
    private async Task<string?> FindGoneAsync(StoreSession session, DatabaseCredential credential)
    {
        var held = await session.FirstAsync(
            $"SELECT owner, expires_at FROM leases WHERE credential_id = $id AND owner IS NOT NULL AND expires_at > {session.Now}",
            static row => Tuple.Create(row.GetString(0), row.TimeOf(1)),
            ("$id", Column.Of(credential.Id)),
            ("$now", Column.Of(time.GetUtcNow())));
        if (held is null)
            return null;

        var owner = LeaseOwner.Parse(held.Item1);
        if (owner is not null && owner.IsGone())
            return held.Item1;

        var expiry = held.Item2.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        throw new RotationException(
            RotationErrorCode.LeaseHeld,
            $"The credential '{credential.Name}' is being worked on by {owner?.Describe() ?? held.Item1}; its lease lasts until {expiry} unless it is renewed.",
            $"Wait until that run has ended. If it is gone, its lease is free at {expiry}; then run Resume-NebulaRotation -Name '{credential.Name.Replace("'", "''", StringComparison.Ordinal)}'.");
    }

    private static RotationException Lost() => new(
        RotationErrorCode.LeaseLost,
        "This run no longer holds the credential's lease: it was away for longer than the lease lasts, and another may have taken over. Nothing was written.",
        "See where the rotation stands with Get-NebulaRotation; the run that took over finishes it, else Resume-NebulaRotation does.");
}
