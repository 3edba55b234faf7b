using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases;

/// <summary>
/// Facts → statements. Pure: no clock, no randomness, no server. In each method the login that statements are about comes as a snapshot, which may
/// say that the login does not exist yet; a snapshot also carries the server's features.
/// </summary>
internal interface ILoginPlanner
{
    /// <summary>
    /// Makes <paramref name="target"/> the equal of <paramref name="source"/> in everything additive, and lets each use what the other makes while
    /// both are live. Works on what the target has already: it adds what is missing and takes away what is too much, enables a target that is
    /// blocked, and leaves the password of one that exists alone, unless the engine has no other way to block or to give: then a statement carries
    /// the slot, for the target's password.
    /// </summary>
    ClonePlan PlanClone(LoginSnapshot source, LoginSnapshot target);

    /// <summary>
    /// The proof. Compares what the two have, leaving out what is there for the overlap only, on either side. Additive facts must be the same.
    /// With <paramref name="afterMove"/>, every exclusive fact of <paramref name="source"/> (as it was before the move) must be the target's too;
    /// the target may own more, since it was live meanwhile.
    /// </summary>
    SnapshotDiff Compare(LoginSnapshot source, LoginSnapshot target, bool afterMove);

    /// <summary>Sets another password on a login that exists: a statement with the slot. Nothing else about the login changes.</summary>
    IReadOnlyList<PlannedStatement> PlanPassword(LoginSnapshot login);

    /// <summary>Refuses new logins of a login; live sessions stay.</summary>
    IReadOnlyList<PlannedStatement> PlanBlock(LoginSnapshot login);

    /// <summary>
    /// Takes <see cref="PlanBlock"/> back. Where a block takes the password away, a statement carries the slot for the one that the login had.
    /// </summary>
    IReadOnlyList<PlannedStatement> PlanUnblock(LoginSnapshot login);

    /// <summary>
    /// Moves every exclusive fact of one login to the other, one object a step. Empty when there is none left. A slot is for the password of
    /// <paramref name="to"/>: where something logs in as the login.
    /// </summary>
    IReadOnlyList<PlannedStep> PlanMove(LoginSnapshot from, LoginSnapshot to);

    /// <summary>Takes back what only the overlap needed, on both logins; for a login that is kept disabled rather than dropped.</summary>
    IReadOnlyList<PlannedStatement> PlanEndOverlap(LoginSnapshot old, LoginSnapshot @new);

    /// <summary>
    /// Takes everything additive away from a login, fact by fact, and drops it; what it granted to others is granted again by
    /// <paramref name="successor"/> first. Fails on the server when anything is left.
    /// </summary>
    IReadOnlyList<PlannedStatement> PlanDrop(LoginSnapshot login, LoginSnapshot successor);

    /// <summary>
    /// Why <see cref="PlanDrop"/> leaves the login on the server, where nobody can log in as it: what needs its name. A part of a sentence, for people. Null where it
    /// drops the login.
    /// </summary>
    string? ExplainKept(LoginSnapshot login) => null;

    /// <summary>
    /// What is done instead of <see cref="PlanDrop"/> by an admin that cannot take away everything that a login has. Null where the admin can, so that a drop that fails is a failure.
    /// </summary>
    DisablePlan? PlanDisable(LoginSnapshot login, LoginSnapshot successor) => null;

    /// <summary>
    /// Leaves a login for its next turn, instead of dropping it: blocked, without a password, the overlap ended on both, and nobody has anything through
    /// it any more. What it has itself stays; <see cref="PlanClone"/> brings it up to date when its turn comes. Can be repeated.
    /// </summary>
    IReadOnlyList<PlannedStatement> PlanIdle(LoginSnapshot login, LoginSnapshot successor);
}
