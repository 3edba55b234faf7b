namespace Nebula.Rotation.Engine.Workflow;

/// <summary>The names of the journal's steps, apart from the moves of single objects, which are named by their planner.</summary>
internal static class Steps
{
    public const string Login = "login";
    public const string Script = "publish-script";
    public const string Block = "block-old";
    public const string Moved = "moved";
    public const string EndOverlap = "end-overlap";
    public const string Drop = "drop-old";
    public const string Idle = "idle-old";
    public const string Disable = "disable-old";

    private const string TargetPrefix = "publish-target ";

    /// <summary>The publication to one target.</summary>
    public static string Target(Guid id) => TargetPrefix + id.ToString("D");

    /// <summary>Whether the step tells somebody of the new login.</summary>
    public static bool Tells(string step) => step == Script || step.StartsWith(TargetPrefix, StringComparison.Ordinal);
}
