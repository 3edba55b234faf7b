using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>Plans for the model: facts "a…" are additive, "o…" exclusive, "overlap…" are there for the overlap only.</summary>
internal sealed class ModelPlanner : ILoginPlanner
{
    /// <summary>A fact that this planner forgets to clone: what Verify must find.</summary>
    public string? Forgets { get; set; }

    /// <summary>Whether its admin is one that may not drop everything.</summary>
    public bool CanDisable { get; set; }

    /// <summary>What that admin knows to stand in the way of a drop.</summary>
    public string? CannotDropBecause { get; set; }

    /// <summary>What needs the name of a login that is to be dropped; null when nothing does.</summary>
    public string? KeepsBecause { get; set; }

    public static PermissionFact Fact(string name) => new() { Kind = "Model", Name = name, IsExclusive = name.StartsWith('o') && !name.StartsWith("overlap", StringComparison.Ordinal) };

    public ClonePlan PlanClone(LoginSnapshot source, LoginSnapshot target)
    {
        var diff = Compare(source, target, afterMove: false);
        List<PlannedStatement> create = [];
        if (!target.Exists)
            create.Add(new() { Stage = RotationStage.CreateLogin, Text = $"create|{target.Username}", TextAfterPassword = "" });
        else if (!target.CanLogIn)
            create.Add(Statement(RotationStage.CreateLogin, $"enable|{target.Username}"));
        var overlap = Fact($"overlap:{source.Username}");
        return new()
        {
            CreateStatements = create,
            CloneStatements =
            [
                .. diff.Missing.Where(fact => fact.Name != Forgets).Select(fact => Statement(RotationStage.ClonePermissions, $"grant|{target.Username}|{fact.Name}")),
                .. diff.Extra.Select(fact => Statement(RotationStage.ClonePermissions, $"revoke|{target.Username}|{fact.Name}")),
                .. target.Facts.Contains(overlap) ? (PlannedStatement[])[] : [Statement(RotationStage.ClonePermissions, $"grant|{target.Username}|{overlap.Name}")],
            ],
            Blockers = [.. source.Facts.Where(fact => fact.Name.StartsWith('?')).Select(fact => new PlanBlocker(fact.Name, "is unknown.", "Remove it."))],
            Warnings = [],
        };
    }

    public SnapshotDiff Compare(LoginSnapshot source, LoginSnapshot target, bool afterMove)
    {
        var diff = SnapshotDiff.Of(Additive(source), Additive(target));
        return afterMove
            ? new([.. diff.Missing, .. source.Facts.Where(fact => fact.IsExclusive && !target.Facts.Contains(fact))], diff.Extra)
            : diff;
    }

    public IReadOnlyList<PlannedStatement> PlanPassword(LoginSnapshot login) =>
        [new() { Stage = RotationStage.CreateLogin, Text = $"password|{login.Username}", TextAfterPassword = "" }];

    public IReadOnlyList<PlannedStatement> PlanBlock(LoginSnapshot login) => [Statement(RotationStage.Retire, $"block|{login.Username}")];

    public IReadOnlyList<PlannedStatement> PlanUnblock(LoginSnapshot login) => [Statement(RotationStage.Retire, $"enable|{login.Username}")];

    public IReadOnlyList<PlannedStep> PlanMove(LoginSnapshot from, LoginSnapshot to) =>
    [
        .. from.Facts.Where(fact => fact.IsExclusive).Select(fact => new PlannedStep(
            fact.Name,
            $"Moving {fact.Name}",
            [Statement(RotationStage.Retire, $"revoke|{from.Username}|{fact.Name}"), Statement(RotationStage.Retire, $"grant|{to.Username}|{fact.Name}")])),
    ];

    public IReadOnlyList<PlannedStatement> PlanEndOverlap(LoginSnapshot old, LoginSnapshot @new) =>
    [
        .. from login in new[] { old, @new }
           from fact in login.Facts
           where IsOverlap(fact)
           select Statement(RotationStage.Retire, $"revoke|{login.Username}|{fact.Name}"),
    ];

    public IReadOnlyList<PlannedStatement> PlanDrop(LoginSnapshot login, LoginSnapshot successor) =>
        [.. PlanEndOverlap(login, successor), Statement(RotationStage.Retire, $"{(KeepsBecause is null ? "drop" : "idle")}|{login.Username}")];

    public string? ExplainKept(LoginSnapshot login) => KeepsBecause;

    public IReadOnlyList<PlannedStatement> PlanIdle(LoginSnapshot login, LoginSnapshot successor) =>
        [.. PlanEndOverlap(login, successor), Statement(RotationStage.Retire, $"idle|{login.Username}")];

    public DisablePlan? PlanDisable(LoginSnapshot login, LoginSnapshot successor) => CanDisable ? new(PlanIdle(login, successor), CannotDropBecause) : null;

    private static IEnumerable<PermissionFact> Additive(LoginSnapshot login) => login.Facts.Where(fact => !fact.IsExclusive && !IsOverlap(fact));

    private static bool IsOverlap(PermissionFact fact) => fact.Name.StartsWith("overlap", StringComparison.Ordinal);

    private static PlannedStatement Statement(RotationStage stage, string text) => new() { Stage = stage, Text = text };
}
