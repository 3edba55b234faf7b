namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>Roles that the login is a member of, and roles that are members of the login; with their grantor and options.</summary>
internal sealed class MembershipRule : IFactRule
{
    public string Name => "Membership";

    public bool GoesWithLogin => true;

    public bool Handles(PermissionFact fact) => fact.Kind is FactKinds.MemberOf or FactKinds.HasMember;

    public void Take(RuleContext context, FactChanges changes)
    {
        // A membership with other options is written over, but for an option that is too much: what GRANT does not name it leaves.
        foreach (var fact in MembershipStatements.ByGrantor(changes.Extra).Reverse())
            context.Output.Add(Name, null, MembershipStatements.Revoke(context, fact, Group(context, fact), Member(context, fact)));
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var fact in MembershipStatements.ByGrantor(changes.Missing))
            context.Output.Add(Name, null, MembershipStatements.Grant(context, fact, Group(context, fact), Member(context, fact)));
    }

    private static string Group(RuleContext context, PermissionFact fact) => fact.Kind == FactKinds.MemberOf ? fact.ObjectName! : context.LoginName;

    private static string Member(RuleContext context, PermissionFact fact) => fact.Kind == FactKinds.MemberOf ? context.LoginName : fact.Grantee!;
}
