using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Engine.Workflow.Ownership;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>
/// Which rotation an undo is about, and whether its old login can be made live again: it is there (draining, or kept disabled), or it was retired and its
/// password is still in the store, so that it can be made again.
/// </summary>
internal static class Reversals
{
    private const int NamedFacts = 5;

    /// <summary>The states of a rotation whose new login may be the live one.</summary>
    private static readonly RotationState[] Flipped = [RotationState.Draining, RotationState.Retained, RotationState.Completed];

    public static bool IsReversible(RotationRecord record, int currentVersion) =>
        Flipped.Contains(record.State) && record.ToVersion == currentVersion && !OwnershipHistory.IsOwnership(record);

    /// <summary>The rotation that made the live login live; null when none did.</summary>
    public static async Task<RotationRecord?> FindAsync(
        ICredentialStore store, DatabaseCredential credential, int currentVersion, CancellationToken cancellationToken)
    {
        var records = await store.ListRotationsAsync(new() { Name = credential.Name, Scope = credential.Scope, States = Flipped }, cancellationToken);
        return records.FirstOrDefault(record => IsReversible(record, currentVersion));
    }

    /// <summary>The old login is what its rotation left, and its password is known; else UndoNotPossible.</summary>
    public static void Require(RotationRecord record, RotationDocument document, DocumentLogin to, LoginSnapshot target, bool isOurs)
    {
        if (to.Password.Length == 0)
        {
            throw Impossible(
                $"The password of '{to.Username}' was erased: an emergency rotation does so, and so do more rotations since than -KeepVersions keeps, or the end of -KeepVersionsFor.");
        }

        // A login that is gone, because it was retired or somebody dropped it, is made again.
        if (record.State != RotationState.Completed)
            return;

        // What is retired cannot log in; one that can is somebody's, though its name is the same.
        if (!isOurs && target is { Exists: true, CanLogIn: true } && document.Strategy != RotationStrategy.DualPassword)
            throw Impossible($"'{to.Username}' was retired, and somebody has made or enabled a login of that name since.");
    }

    /// <summary>Says how the rights that a login comes back with differ from those that it had; null when they do not.</summary>
    public static string? DescribeChanges(ILoginPlanner planner, RotationDocument document, LoginSnapshot live)
    {
        var differences = PermissionComparer.Compare(planner, document.SourceBeforeMove ?? document.Source, live);
        if (differences.Count == 0)
            return null;
        var lost = differences.Where(difference => difference.SideIndicator == PermissionDifference.ReferenceOnly).Select(difference => difference.Fact).ToList();
        var gained = differences.Where(difference => difference.SideIndicator == PermissionDifference.DifferenceOnly).Select(difference => difference.Fact).ToList();
        var text = $"'{document.From.Username}' gets what '{live.Username}' has now.";
        if (lost.Count > 0)
            text += $" It had, and does not get back: {List(lost)}.";
        if (gained.Count > 0)
            text += $" It gets, and did not have: {List(gained)}.";
        return text;
    }

    private static string List(List<PermissionFact> facts) =>
        string.Join(", ", facts.Take(NamedFacts)) + (facts.Count > NamedFacts ? $" and {facts.Count - NamedFacts} more" : "");

    private static RotationException Impossible(string message) =>
        new(RotationErrorCode.UndoNotPossible, message, "Run Invoke-NebulaRotation to replace the live login by a new one.");
}
