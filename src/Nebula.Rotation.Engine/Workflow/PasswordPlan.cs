using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>What makes a login take a second password, in the form that two logins have it.</summary>
internal static class PasswordPlan
{
    /// <param name="engine">One that has a planner for it.</param>
    /// <param name="login">As it is.</param>
    /// <param name="mayHaveTwo">The login is known to take two passwords, both of them ours.</param>
    public static ClonePlan Add(IDatabaseEngine engine, LoginSnapshot login, bool mayHaveTwo) => new()
    {
        CreateStatements = engine.DualPasswordPlanner!.PlanAddPassword(login),
        CloneStatements = [],
        Blockers = mayHaveTwo ? [] : engine.DualPasswordPlanner.FindBlockers(login),
        Warnings = [],
    };
}
