using Nebula.Rotation.Engine.Databases.MySql.Passwords;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql.Rules;

/// <summary>An account for each host, with the plugins that it proves itself by. The password goes as a hash.</summary>
internal sealed class AccountRule : IFactRule
{
    public const string RuleName = "Account";

    public string Name => RuleName;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Account;

    /// <summary>An account of a host that the other login has none for. One that proves itself otherwise is changed, not dropped.</summary>
    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Extra.Where(extra => !changes.Missing.Any(missing => missing.Grantee == extra.Grantee)))
            context.Output.Add(RuleName, $"DROP USER {context.Name(fact.Grantee)}");
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Missing)
        {
            var verb = changes.Extra.Any(extra => extra.Grantee == fact.Grantee) ? "ALTER" : "CREATE";
            Identify(context.Output, RuleName, verb, context.Login, fact);
        }
    }

    /// <summary>CREATE USER or ALTER USER with the slot.</summary>
    public static void Identify(StatementList output, string rule, string verb, LoginSnapshot login, PermissionFact account)
    {
        var host = MySqlDialect.HostOf(account.Grantee);
        var plugins = Plugins(account);
        var isMariaDb = ((MySqlFeatures)login.Server.Features).HasFlag(MySqlFeatures.GlobalPriv);
        output.Add(
            rule,
            $"{verb} USER {MySqlDialect.Account(login.Username, host)} IDENTIFIED {(isMariaDb ? "VIA" : "WITH")} {plugins[0]} {(isMariaDb ? "USING" : "AS")} ",
            new(MySqlSlotPurpose.Hash, login.Username, host, plugins));
    }

    /// <summary>Makes the account's password one that nobody has.</summary>
    public static string Nobody(LoginSnapshot login, PermissionFact account)
    {
        var name = MySqlDialect.Account(login.Username, MySqlDialect.HostOf(account.Grantee));
        // What MariaDB itself gives to an account that nobody shall log in to by a password.
        if (((MySqlFeatures)login.Server.Features).HasFlag(MySqlFeatures.GlobalPriv))
            return $"ALTER USER {name} IDENTIFIED VIA {MySqlPasswordHash.Native} USING 'invalid'";
        var plugin = Plugins(account)[0];
        return $"ALTER USER {name} IDENTIFIED WITH {plugin} AS {MySqlDialect.Literal(MySqlPasswordHash.OfNobody(plugin))}";
    }

    public static IReadOnlyList<string> Plugins(PermissionFact account) => account.Value!.Split(" OR ");
}
