using Nebula.Rotation.Engine.Databases.MySql.Rules;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>
/// Two passwords at once: RETAIN CURRENT PASSWORD (MySQL manual, "Dual Password Support"), or a second method of the same plugin (MariaDB documentation, "Authentication
/// from MariaDB 10.4"). What a statement needs to know of the other password the change unit reads when it fills the slot.
/// </summary>
internal sealed class MySqlDualPasswordPlanner : IDualPasswordPlanner
{
    public IReadOnlyList<PlanBlocker> FindBlockers(LoginSnapshot login)
    {
        var blockers = new List<PlanBlocker>(login.Blockers);
        var has = (MySqlFeatures)login.Server.Features;
        if ((has & (MySqlFeatures.RetainPassword | MySqlFeatures.GlobalPriv)) == 0)
            blockers.Add(new($"server {login.Server.Version}", "Its accounts take one password only.", "Use another strategy, or upgrade to MySQL 8.0.14 or later."));
        foreach (var host in login.List(HintNames.SecondPassword))
        {
            blockers.Add(new(
                $"account {MySqlDialect.Account(login.Username, host)}",
                "It takes a second password already, which somebody set: adding ours would end it for whoever uses it.",
                has.HasFlag(MySqlFeatures.GlobalPriv) ? "Leave one method of each plugin with ALTER USER … IDENTIFIED VIA." : "Run ALTER USER … DISCARD OLD PASSWORD when nobody needs it."));
        }

        return blockers;
    }

    public IReadOnlyList<PlannedStatement> PlanAddPassword(LoginSnapshot login) => Plan(login, RotationStage.CreateLogin, "AddPassword", MySqlSlotPurpose.Add);

    public IReadOnlyList<PlannedStatement> PlanKeepPassword(LoginSnapshot login) => Plan(login, RotationStage.Retire, "KeepPassword", MySqlSlotPurpose.Keep);

    private static IReadOnlyList<PlannedStatement> Plan(LoginSnapshot login, RotationStage stage, string rule, MySqlSlotPurpose purpose)
    {
        var list = new StatementList(stage);
        foreach (var account in login.Facts.Where(fact => fact.Kind == FactKinds.Account))
        {
            var host = MySqlDialect.HostOf(account.Grantee);
            list.Add(rule, $"ALTER USER {MySqlDialect.Account(login.Username, host)} ", new MySqlSlot(purpose, login.Username, host, AccountRule.Plugins(account)));
        }

        return list.Statements;
    }
}
