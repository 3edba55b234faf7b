using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>Owner roles for the model: a login that cannot log in, known by a fact; membership is a fact of the member.</summary>
internal sealed class ModelOwnershipPlanner : IOwnershipPlanner
{
    public static string Member(string owner) => $"member:{owner}";

    public bool IsMarked(LoginSnapshot owner, string mark) => owner.Facts.Contains(ModelPlanner.Fact($"mark:{mark}"));

    public IReadOnlyList<PlanBlocker> FindBlockers(LoginSnapshot login, LoginSnapshot owner) =>
        [.. login.Facts.Where(fact => fact.Name.StartsWith('?')).Select(fact => new PlanBlocker(fact.Name, "is unknown.", "Remove it."))];

    public IReadOnlyList<string> FindWarnings(LoginSnapshot login, LoginSnapshot owner) => [];

    public IReadOnlyList<PlannedStep> PlanOwner(LoginSnapshot login, LoginSnapshot owner, string mark)
    {
        List<string> texts = [];
        if (!owner.Exists)
            texts.AddRange([$"role|{owner.Username}", $"grant|{owner.Username}|mark:{mark}"]);
        if (!login.Facts.Contains(ModelPlanner.Fact(Member(owner.Username))))
            texts.Add($"grant|{login.Username}|{Member(owner.Username)}");
        return texts.Count == 0 ? [] : [new("owner-role", "Making the role", [.. texts.Select(Statement)])];
    }

    public IReadOnlyList<PlannedStep> PlanMove(LoginSnapshot login, LoginSnapshot owner) => Move(login, owner);

    public IReadOnlyList<PlanBlocker> FindReturnBlockers(LoginSnapshot login, LoginSnapshot owner, LoginSnapshot? before, IReadOnlyCollection<string> allowed) => [];

    public IReadOnlyList<PlannedStep> PlanReturn(LoginSnapshot login, LoginSnapshot owner) => Move(owner, login);

    public IReadOnlyList<PlannedStatement> PlanDrop(LoginSnapshot login, LoginSnapshot owner) => [.. PlanRelease(login, owner, owner), Statement($"drop|{owner.Username}")];

    public IReadOnlyList<PlannedStatement> PlanRelease(LoginSnapshot login, LoginSnapshot owner, LoginSnapshot before) =>
        login.Facts.Contains(ModelPlanner.Fact(Member(owner.Username))) ? [Statement($"revoke|{login.Username}|{Member(owner.Username)}")] : [];

    private static PlannedStep[] Move(LoginSnapshot from, LoginSnapshot to) =>
    [
        .. from.Facts.Where(fact => fact.IsExclusive).Select(fact => new PlannedStep(
            fact.Name,
            $"Moving {fact.Name}",
            [Statement($"revoke|{from.Username}|{fact.Name}"), Statement($"grant|{to.Username}|{fact.Name}")])
        {
            Ownership = fact,
        }),
    ];

    private static PlannedStatement Statement(string text) => new() { Stage = RotationStage.MoveOwnership, Text = text };
}
