namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>
/// Memberships of other roles in other roles that the login gave. From 16 on each grantor has a row of its own, so that both logins can give the same;
/// before, there is one row with one grantor, and it is moved (<see cref="OwnershipRule"/>).
/// </summary>
internal sealed class GrantedMembershipRule : IFactRule
{
    public string Name => "GrantedMembership";

    public bool GoesWithLogin => false;

    public bool Handles(PermissionFact fact) => fact is { Kind: FactKinds.GrantedMembership, IsExclusive: false };

    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var fact in MembershipStatements.ByGrantor(changes.Extra).Reverse())
            context.Output.Add(Name, null, MembershipStatements.Revoke(context, fact, fact.ObjectName!, fact.Grantee!));
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var fact in MembershipStatements.ByGrantor(changes.Missing))
            context.Output.Add(Name, null, MembershipStatements.Grant(context, fact, fact.ObjectName!, fact.Grantee!));
    }
}
