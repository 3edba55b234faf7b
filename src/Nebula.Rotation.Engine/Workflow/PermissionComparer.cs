using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>Compares all facts of two logins, both ways, with the engine's own idea of what is equal.</summary>
internal sealed class PermissionComparer(WorkflowServices services)
{
    public async Task<IReadOnlyList<PermissionDifference>> CompareAsync(
        DatabaseCredential credential, string referenceUsername, string differenceUsername, Login? adminLogin, CancellationToken cancellationToken)
    {
        var engine = services.Engines.Get(credential.DatabaseType);
        var login = await AdminLogins.FindAsync(services.Store, credential, adminLogin, cancellationToken);
        await using var admin = await engine.ConnectAdminAsync(credential, login, cancellationToken);
        return Compare(
            engine.Planner,
            await ReadAsync(admin, referenceUsername, cancellationToken),
            await ReadAsync(admin, differenceUsername, cancellationToken));
    }

    public static IReadOnlyList<PermissionDifference> Compare(ILoginPlanner planner, LoginSnapshot reference, LoginSnapshot difference)
    {
        // The engine's comparison leaves exclusive facts of the second login alone: at a rotation it may own more. Here that is a difference.
        var there = planner.Compare(reference, difference, afterMove: true);
        var back = planner.Compare(difference, reference, afterMove: true);
        return
        [
            .. there.Missing.Select(fact => new PermissionDifference(PermissionDifference.ReferenceOnly, reference.Username, fact)),
            .. back.Missing.Select(fact => new PermissionDifference(PermissionDifference.DifferenceOnly, difference.Username, fact)),
        ];
    }

    private static async Task<LoginSnapshot> ReadAsync(IAdminConnection admin, string username, CancellationToken cancellationToken)
    {
        var snapshot = await admin.ReadSnapshotAsync(username, cancellationToken);
        return snapshot.Exists
            ? snapshot
            : throw new RotationException(RotationErrorCode.InvalidArgument, $"The server has no login '{username}'.", "Nothing was changed. Check the name; upper case counts.");
    }
}
