using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>Two passwords at once, for the model.</summary>
internal sealed class ModelPasswordPlanner : IDualPasswordPlanner
{
    /// <summary>The hint of a login that takes two passwords.</summary>
    public const string HasTwo = "has two";

    public IReadOnlyList<PlanBlocker> FindBlockers(LoginSnapshot login) =>
        login.Hints.ContainsKey(HasTwo) ? [new(login.Username, "has a second password already.", "Remove it.")] : [];

    public IReadOnlyList<PlannedStatement> PlanAddPassword(LoginSnapshot login) =>
        [new() { Stage = RotationStage.CreateLogin, Text = $"add-password|{login.Username}", TextAfterPassword = "" }];

    public IReadOnlyList<PlannedStatement> PlanKeepPassword(LoginSnapshot login) =>
        [new() { Stage = RotationStage.Retire, Text = $"keep-password|{login.Username}", TextAfterPassword = "" }];
}
