namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>Privileges of the login on objects that others own.</summary>
internal sealed class PrivilegeRule : IFactRule
{
    public string Name => "Privilege";

    public bool GoesWithLogin => false;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Privilege;

    public void Take(RuleContext context, FactChanges changes)
    {
        var (revoke, revokeOption, _) = PrivilegeStatements.Split(changes);
        PrivilegeStatements.Revoke(context, Name, revoke);
        PrivilegeStatements.RevokeGrantOption(context, Name, revokeOption);
    }

    public void Give(RuleContext context, FactChanges changes) => PrivilegeStatements.Grant(context, Name, PrivilegeStatements.Split(changes).Grant);
}
