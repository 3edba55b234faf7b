using System.Globalization;
using Nebula.Rotation.Engine.Databases.MySql.Catalog;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>What stands in the way before anything is touched: the admin's rights, limits, and what the server will do with a new login.</summary>
internal sealed class MySqlPreflight(MySqlSession session)
{
    public async Task<Preflight> RunAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken)
    {
        var server = session.Server;
        var blockers = new List<PlanBlocker>();
        var warnings = new List<string>();
        // The admin's own rights, and those of the roles that are active.
        await using var command = session.Command(
            $"""
            SELECT CURRENT_USER() AS me;
            SELECT PRIVILEGE_TYPE, MAX(IS_GRANTABLE) AS IS_GRANTABLE FROM information_schema.USER_PRIVILEGES WHERE {Mine} GROUP BY PRIVILEGE_TYPE;
            SELECT TABLE_SCHEMA, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES WHERE IS_GRANTABLE = 'YES' AND {Mine};
            SELECT @@max_connections - (SELECT VARIABLE_VALUE FROM {(server.IsMariaDb ? "information_schema.GLOBAL_STATUS" : "performance_schema.global_status")} WHERE VARIABLE_NAME = 'Threads_connected') AS free,
                   (SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE CAST(USER AS BINARY) = CAST(@p0 AS BINARY)) AS used;
            {(server.IsMariaDb ? "SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_TYPE = 'PASSWORD VALIDATION' AND PLUGIN_STATUS = 'ACTIVE' AND @@strict_password_validation = 1" : "SELECT 1 FROM DUAL WHERE FALSE")};
            SELECT Proxied_host, With_grant FROM mysql.proxies_priv WHERE CONCAT(User, '@', Host) = CURRENT_USER() AND Proxied_user = ''
            """,
            source.Username);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        async Task<List<MySqlRow>> NextAsync()
        {
            var all = await MySqlRow.ReadAllAsync(rows, cancellationToken);
            await rows.NextResultAsync(cancellationToken);
            return all;
        }

        var me = (await NextAsync())[0].Text("me");
        var admin = me.LastIndexOf('@') is >= 0 and var at ? MySqlDialect.Account(me[..at], me[(at + 1)..]) : MySqlDialect.Identifier(me);
        var own = (await NextAsync()).ToDictionary(row => row.Text("PRIVILEGE_TYPE"), row => row.IsYes("IS_GRANTABLE"), StringComparer.OrdinalIgnoreCase);
        var inDatabases = (await NextAsync()).Select(row => (row.Text("TABLE_SCHEMA"), row.Text("PRIVILEGE_TYPE").ToUpperInvariant())).ToHashSet();
        var limits = (await NextAsync())[0];
        var validators = await NextAsync();
        var proxies = await NextAsync();

        var rights = Rights(source, own, inDatabases, proxies.Exists(row => row.IsYes("With_grant")), admin);
        if (me[..Math.Max(0, me.LastIndexOf('@'))] == source.Username && !OwnAdmin.Is(credential))
            blockers.Add(new($"account {admin}", "It is the admin login too, and no login can drop itself.", OwnAdmin.Advice(credential)));

        if (validators.Count > 0)
        {
            blockers.Add(new(
                $"server {session.Endpoint}",
                $"strict_password_validation is on and {validators[0].Text("PLUGIN_NAME")} checks passwords: the server refuses hashes (1290), and a password would stand in its log.",
                "SET GLOBAL strict_password_validation = OFF while rotating; passwords that are made here satisfy the credential's own policy."));
        }

        Headroom(credential, source, limits, blockers);
        return new(rights, blockers, warnings);
    }

    private const string Mine =
        """
        (CAST(GRANTEE AS BINARY) = CAST(CONCAT('''', SUBSTRING(CURRENT_USER(), 1, CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1), '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''') AS BINARY)
         OR INSTR(REPLACE(COALESCE(CURRENT_ROLE(), ''), '`', ''''), GRANTEE) > 0 OR GRANTEE = CONCAT('''', COALESCE(CURRENT_ROLE(), ''), '''@'''''))
        """;

    /// <summary>Each as what a superuser would run.</summary>
    private List<string> Rights(
        LoginSnapshot source, Dictionary<string, bool> own, HashSet<(string, string)> inDatabases, bool mayProxy, string admin)
    {
        var missing = new List<string>();
        var mayAll = own.ContainsKey("SUPER");
        void Require(string why, bool withOption, params string[] anyOf)
        {
            if (!anyOf.Any(name => own.TryGetValue(name, out var grantable) && (grantable || !withOption)))
                missing.Add($"GRANT {anyOf[0]} ON *.* TO {admin}{(withOption ? " WITH GRANT OPTION" : "")}; -- {why}");
        }

        Require("it makes and drops accounts", false, "CREATE USER");
        Require("it must see who is connected", false, "PROCESS");
        if (!mayAll)
            Require("it may have to end sessions", false, session.Server.IsMariaDb ? "CONNECTION ADMIN" : "CONNECTION_ADMIN");
        if (!mayAll && source.Facts.Any(fact => fact.IsExclusive))
            Require("it gives objects another definer", false, session.Server.IsMariaDb ? ["SET USER"] : ["SET_ANY_DEFINER", "SET_USER_ID"]);
        // Who lacks one of these does not see objects whose definer is rotated, and would take a login for one that nothing needs.
        foreach (var name in new[] { "SELECT", "SHOW VIEW", "TRIGGER", "EVENT" })
            Require("it must see what the login is the definer of", false, name);
        if (source.Facts.Any(fact => fact.Kind is FactKinds.MemberOf or FactKinds.HasMember) && !session.Server.IsMariaDb && !mayAll)
            Require("it grants roles", false, "ROLE_ADMIN");
        if (source.Facts.Any(fact => fact.Kind == FactKinds.Proxy) && !mayProxy)
            missing.Add($"GRANT PROXY ON ''@'{(session.Server.IsMariaDb ? "%" : "")}' TO {admin} WITH GRANT OPTION; -- somebody acts for somebody");

        foreach (var fact in source.Facts.Where(fact => fact.Kind is FactKinds.Privilege or FactKinds.DynamicPrivilege && fact.Name != FactKinds.GrantOption).DistinctBy(fact => (fact.Name, fact.ObjectName)))
        {
            if (own.TryGetValue(fact.Name, out var grantable) && grantable)
                continue;
            var database = fact.ObjectName!.Split('.')[0].Trim('`');
            if (fact.ObjectType != FactKinds.Global && inDatabases.Contains((database, fact.Name)))
                continue;
            missing.Add($"GRANT {fact.Name} ON {(fact.ObjectType == FactKinds.Global ? "*.*" : fact.ObjectName!.Contains(".*", StringComparison.Ordinal) ? fact.ObjectName : MySqlDialect.OnDatabase(database))} TO {admin} WITH GRANT OPTION; -- the login has it");
        }

        return [.. missing.Distinct()];
    }

    /// <summary>While both are live, the application's pools may stand twice: every consumer adopts the new login with the old pool still open.</summary>
    private void Headroom(DatabaseCredential credential, LoginSnapshot source, MySqlRow limits, List<PlanBlocker> blockers)
    {
        var free = decimal.TryParse(limits["free"], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? (long)number : long.MaxValue;
        var needed = credential.MaxConnections ?? limits.Number("used");
        if (needed <= free)
            return;
        var need = credential.MaxConnections is null ? $"{source.Username} has {needed} sessions now" : $"the credential's pools open up to {needed}";
        blockers.Add(new(
            $"server {session.Endpoint}",
            $"A second pool does not fit: {need}, and {Math.Max(free, 0)} connections are free.",
            "Raise max_connections, shrink the pools, or rotate when fewer are open."));
    }
}
