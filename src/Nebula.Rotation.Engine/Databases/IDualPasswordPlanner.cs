using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases;

/// <summary>
/// Statements for one login that takes two passwords at once. Pure, as <see cref="ILoginPlanner"/> is. A statement's slot stands for one password;
/// where a server's syntax wants the other one's hash too, the room's change unit reads it from the catalog when it fills the slot.
/// </summary>
internal interface IDualPasswordPlanner
{
    /// <summary>What stands in the way: a second password that a human set, a login without any, a server that has no second one.</summary>
    IReadOnlyList<PlanBlocker> FindBlockers(LoginSnapshot login);

    /// <summary>The login takes the password in the slot, beside the one that it takes now. Applied again, it loses neither.</summary>
    IReadOnlyList<PlannedStatement> PlanAddPassword(LoginSnapshot login);

    /// <summary>
    /// The login takes the password in the slot and no other one. That password is one of those it takes, the newer or the older one. Can be repeated.
    /// </summary>
    IReadOnlyList<PlannedStatement> PlanKeepPassword(LoginSnapshot login);
}
