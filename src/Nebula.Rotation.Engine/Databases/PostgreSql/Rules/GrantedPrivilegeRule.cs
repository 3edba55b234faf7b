namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>
/// Privileges on others' objects that the login passed on. They hang on the login's own grant option and would go with it, so the other login
/// grants them too, in its own name, and the receiver has them from both while both are live.
/// </summary>
internal sealed class GrantedPrivilegeRule : IFactRule
{
    public string Name => "GrantedPrivilege";

    public bool GoesWithLogin => false;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.GrantedPrivilege;

    public void Take(RuleContext context, FactChanges changes)
    {
        var (revoke, revokeOption, _) = PrivilegeStatements.Split(changes);
        PrivilegeStatements.Revoke(context, Name, revoke);
        PrivilegeStatements.RevokeGrantOption(context, Name, revokeOption);
    }

    public void Give(RuleContext context, FactChanges changes) => PrivilegeStatements.Grant(context, Name, PrivilegeStatements.Split(changes).Grant);
}
