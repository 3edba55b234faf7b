using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases;

/// <summary>
/// Statements for an owner role: a role that nobody logs in as, which owns what the login would, and of which the login is a member. Pure, as
/// <see cref="ILoginPlanner"/> is; every plan is made from what is there and empty when it has been carried out. The snapshots are those of
/// <see cref="IAdminConnection.ReadOwnershipAsync"/>.
/// </summary>
internal interface IOwnershipPlanner
{
    /// <summary>True when the role carries the mark that <see cref="PlanOwner"/> leaves on a role that it makes.</summary>
    bool IsMarked(LoginSnapshot owner, string mark);

    /// <summary>What stands in the way of giving the role what the login owns, by name.</summary>
    IReadOnlyList<PlanBlocker> FindBlockers(LoginSnapshot login, LoginSnapshot owner);

    /// <summary>What to know before.</summary>
    IReadOnlyList<string> FindWarnings(LoginSnapshot login, LoginSnapshot owner);

    /// <summary>
    /// The role is there, what works in its name can reach what it could reach in the login's, and the login can use, alter and drop what it owns.
    /// One unit a step.
    /// </summary>
    IReadOnlyList<PlannedStep> PlanOwner(LoginSnapshot login, LoginSnapshot owner, string mark);

    /// <summary>Moves what the login owns to the role, one object a step.</summary>
    IReadOnlyList<PlannedStep> PlanMove(LoginSnapshot login, LoginSnapshot owner);

    /// <summary>What stands in the way of taking it back.</summary>
    /// <param name="login">The live login.</param>
    /// <param name="owner">The role.</param>
    /// <param name="before">What the role was like before it owned anything of the login's, where that is known.</param>
    /// <param name="allowed">Members that may lose it: the credential's own names.</param>
    IReadOnlyList<PlanBlocker> FindReturnBlockers(LoginSnapshot login, LoginSnapshot owner, LoginSnapshot? before, IReadOnlyCollection<string> allowed);

    /// <summary>Moves what the role owns to the login, one object a step.</summary>
    IReadOnlyList<PlannedStep> PlanReturn(LoginSnapshot login, LoginSnapshot owner);

    /// <summary>Takes everything away from a role that owns nothing more, and drops it. Fails on the server when anything is left.</summary>
    IReadOnlyList<PlannedStatement> PlanDrop(LoginSnapshot login, LoginSnapshot owner);

    /// <summary>Takes from a role that was there before what <see cref="PlanOwner"/> gave it, and the membership.</summary>
    IReadOnlyList<PlannedStatement> PlanRelease(LoginSnapshot login, LoginSnapshot owner, LoginSnapshot before);
}
