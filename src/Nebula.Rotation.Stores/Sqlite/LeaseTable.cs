using System.Globalization;
using Nebula.Rotation.Stores.Leases;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>Leases. A lease's fence, checked in the transaction of each write, is what keeps a runner that slept too long from writing.</summary>
internal sealed class LeaseTable(TimeProvider time)
{
    public Lease Acquire(SqliteSession session, StoredCredential credential, TimeSpan duration)
    {
        CheckFree(session, credential.Credential);
        var owner = LeaseOwner.Current().ToString();
        var fence = session.Scalar(
            """
            INSERT INTO leases (credential_id, owner, fence, expires_at) VALUES ($id, $owner, 1, $expires)
            ON CONFLICT (credential_id) DO UPDATE SET owner = excluded.owner, fence = fence + 1, expires_at = excluded.expires_at
            RETURNING fence
            """,
            ("$id", Column.Of(credential.Credential.Id)),
            ("$owner", owner),
            ("$expires", Column.Of(time.GetUtcNow() + duration)));
        return new Lease(credential.Credential.Id, owner, Convert.ToInt64(fence, CultureInfo.InvariantCulture));
    }

    /// <summary>Nothing when the credential's lease can be taken: it is free, over, or its holder is gone.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.LeaseHeld"/>.</exception>
    public void CheckFree(SqliteSession session, DatabaseCredential credential)
    {
        var held = session.First(
            "SELECT owner, expires_at FROM leases WHERE credential_id = $id AND owner IS NOT NULL AND expires_at IS NOT NULL",
            static row => Tuple.Create(row.GetString(0), row.TimeOf(1)),
            ("$id", Column.Of(credential.Id)));
        if (held is null || held.Item2 <= time.GetUtcNow())
            return;

        var owner = LeaseOwner.Parse(held.Item1);
        if (owner is not null && owner.IsGone())
            return;

        var expiry = held.Item2.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        throw new RotationException(
            RotationErrorCode.LeaseHeld,
            $"The credential '{credential.Name}' is being worked on by {owner?.Describe() ?? held.Item1}; its lease lasts until {expiry} unless it is renewed.",
            $"Wait until that run has ended. If it is gone, its lease is free at {expiry}; then run Resume-NebulaRotation -Name '{credential.Name.Replace("'", "''", StringComparison.Ordinal)}'.");
    }

    /// <exception cref="RotationException"><see cref="RotationErrorCode.LeaseLost"/>.</exception>
    public void Renew(SqliteSession session, Lease lease, TimeSpan duration)
    {
        var changed = session.Execute(
            "UPDATE leases SET expires_at = $expires WHERE credential_id = $id AND owner = $owner AND fence = $fence",
            ("$expires", Column.Of(time.GetUtcNow() + duration)),
            ("$id", Column.Of(lease.CredentialId)),
            ("$owner", lease.Owner),
            ("$fence", lease.Fence));
        if (changed == 0)
            throw Lost();
    }

    public static void Release(SqliteSession session, Lease lease) => session.Execute(
        "UPDATE leases SET owner = NULL, expires_at = NULL WHERE credential_id = $id AND owner = $owner AND fence = $fence",
        ("$id", Column.Of(lease.CredentialId)),
        ("$owner", lease.Owner),
        ("$fence", lease.Fence));

    /// <summary>
    /// Refuses a write of a runner whose lease another has taken since, or that gave it back. A lease that is merely over still writes: nobody
    /// else has begun, and stopping here would leave more to clean up than going on.
    /// </summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.LeaseLost"/>.</exception>
    public static void Check(SqliteSession session, Lease lease)
    {
        var held = session.Scalar(
            "SELECT 1 FROM leases WHERE credential_id = $id AND owner = $owner AND fence = $fence",
            ("$id", Column.Of(lease.CredentialId)),
            ("$owner", lease.Owner),
            ("$fence", lease.Fence));
        if (held is null)
            throw Lost();
    }

    private static RotationException Lost() => new(
        RotationErrorCode.LeaseLost,
        "This run no longer holds the credential's lease: it was away for longer than the lease lasts, and another may have taken over. Nothing was written.",
        "See where the rotation stands with Get-NebulaRotation; the run that took over finishes it, else Resume-NebulaRotation does.");
}
