namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>
/// The column "Undone by" of the stage table in docs/architecture.md, row by row. <see cref="UndoTableTests"/> proves each row on the model: a stage that
/// fails, is stopped, or whose process dies. Proved on real servers by Integration.Tests/Workflow/UndoTableTests (PostgreSQL, MariaDB, MySQL, Redis, and
/// MongoDB's stand-in); with a process that dies at every single call by CrashTests, AlternatingCrashTests, DualPasswordTests and EmergencyTests.
/// </summary>
internal static class UndoTable
{
    public const string Nothing = "nothing to undo";
    public const string DropNew = "drop new";
    public const string TargetsBack = "before the flip: targets back, then drop new";
    public const string Reverse = "a rotation in reverse: publish old, drain new, retire new";
    public const string MoveBack = "before the drop the same, with the old one let in again first and what has moved moved back last; after it `Undo-NebulaRotation` re-creates the login";
    public const string None = "–";

    /// <summary>What undoes each stage, as the document says it.</summary>
    public static IReadOnlyList<(RotationStage Stage, string UndoneBy)> Rows { get; } =
    [
        (RotationStage.Prepare, Nothing), // The_way_back_before_the_flip
        (RotationStage.CreateLogin, DropNew), // The_way_back_before_the_flip
        (RotationStage.ClonePermissions, DropNew), // The_way_back_before_the_flip
        (RotationStage.Verify, DropNew), // The_way_back_before_the_flip
        (RotationStage.Publish, TargetsBack), // The_way_back_before_the_flip, Targets_are_back_before_the_new_login_goes
        (RotationStage.Drain, Reverse), // While_the_old_login_drains_an_undo_is_a_rotation_in_reverse
        (RotationStage.Retire, MoveBack), // Before_the_drop_…, After_the_drop_…
        (RotationStage.Complete, None), // What_ends_in_Complete_is_finished_or_undone_like_a_retired_login
    ];

    /// <summary>The rows as the document has them, from the sources that the tests were built from; null where those are not there.</summary>
    public static IReadOnlyList<(string Stage, string UndoneBy)>? Documented()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "docs", "architecture.md");
            if (!File.Exists(path))
                continue;
            var rows = File.ReadLines(path)
                .SkipWhile(static line => line != "| Stage | What happens | Undone by |")
                .Skip(2)
                .TakeWhile(static line => line.StartsWith('|'))
                .Select(static line => line.Trim('|', ' ').Split(" | "));
            return [.. rows.Select(static cells => (cells[0].Trim(), cells[^1].Trim()))];
        }

        return null;
    }
}
