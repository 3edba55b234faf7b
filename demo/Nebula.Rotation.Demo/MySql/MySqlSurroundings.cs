using System.Globalization;
using System.Text.RegularExpressions;
using MySqlConnector;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Demo.MySql;

/// <summary>
/// As the server's own SHOW statements say it, not the reader of the module under demonstration. A login that routines or triggers were made by may be kept
/// as their definer: locked, with the rights of the live one.
/// </summary>
internal sealed partial class MySqlSurroundings : ISurroundings
{
    private const string LoginMark = "<login>";

    private readonly MySqlServer _server;
    private readonly IReadOnlyList<string> _before;
    private List<string> _kept = [];

    private MySqlSurroundings(MySqlServer server, IReadOnlyList<string> before)
    {
        _server = server;
        _before = before;
    }

    public string Unchanged => "no orphan account; every definition and right as before"
        + (_kept.Count > 0 ? $" ({string.Join(", ", _kept)} kept, locked, as the definer of what only its maker's name can be on)" : "");

    public static async Task<MySqlSurroundings> RememberAsync(MySqlServer server, string login, CancellationToken cancellationToken) =>
        new(server, await ReadAsync(server, login, [], cancellationToken));

    public async Task<IReadOnlyList<string>> CompareAsync(string login, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var definers = (await ListAsync(_server, Definers, cancellationToken)).ToHashSet(StringComparer.Ordinal);
        var kept = new List<string>();
        foreach (var account in await ListAsync(_server, Accounts, cancellationToken))
        {
            if (MySqlShop.OtherAccounts.Append(_server.SuperUser).Append(login).Contains(account))
                continue;
            if (definers.Contains(account) && (await AccountAsync(_server, account, [account], cancellationToken)).All(line => !line.Contains("CREATE USER", StringComparison.Ordinal) || line.Contains("ACCOUNT LOCK", StringComparison.Ordinal)))
                kept.Add(account);
            else
                problems.Add($"orphan account: {account}");
        }

        // What works in a kept one's name has what it had in the login's.
        var rights = await GrantsAsync(_server, login, cancellationToken);
        foreach (var account in kept)
        {
            if (!rights.SequenceEqual(await GrantsAsync(_server, account, cancellationToken)))
                problems.Add($"{account}, kept as a definer, has other rights than {login}");
        }

        var after = await ReadAsync(_server, login, kept, cancellationToken);
        problems.AddRange(_before.Except(after).Select(line => $"- {line}"));
        problems.AddRange(after.Except(_before).Select(line => $"+ {line}"));
        _kept = kept;
        return problems;
    }

    private static async Task<IReadOnlyList<string>> ReadAsync(MySqlServer server, string login, IReadOnlyList<string> kept, CancellationToken cancellationToken)
    {
        string[] names = [login, .. kept];
        var lines = new List<string>();
        foreach (var account in MySqlShop.OtherAccounts.Append(login))
            lines.AddRange(await AccountAsync(server, account, names, cancellationToken));
        foreach (var show in await ListAsync(server, Objects, cancellationToken))
        {
            foreach (var line in await RowsAsync(server, show, cancellationToken))
                lines.Add(Counter().Replace(Normalize(line, names), ""));
        }

        return lines;
    }

    private static async Task<IReadOnlyList<string>> GrantsAsync(MySqlServer server, string account, CancellationToken cancellationToken) =>
        [.. (await AccountAsync(server, account, [account], cancellationToken)).Where(line => line.StartsWith("GRANT", StringComparison.Ordinal))];

    private static async Task<IReadOnlyList<string>> AccountAsync(MySqlServer server, string account, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        foreach (var host in await ListAsync(server, $"SELECT Host FROM mysql.user WHERE User = {MySqlServer.Literal(account)} ORDER BY Host", cancellationToken))
        {
            // A role of MariaDB's has no host, and is no user.
            var name = MySqlServer.Identifier(account) + (host.Length > 0 ? "@" + MySqlServer.Identifier(host) : "");
            if (host.Length > 0)
                lines.AddRange(await RowsAsync(server, $"SHOW CREATE USER {name}", cancellationToken));
            lines.AddRange((await RowsAsync(server, $"SHOW GRANTS FOR {name}", cancellationToken)).Order(StringComparer.Ordinal));
        }

        return [.. lines.Select(line => Hash().Replace(Normalize(line, names), "<hash>"))];
    }

    private static string Normalize(string text, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            text = text.Replace(MySqlServer.Identifier(name), LoginMark, StringComparison.Ordinal).Replace(MySqlServer.Literal(name), LoginMark, StringComparison.Ordinal)
                .Replace(name + "@", LoginMark + "@", StringComparison.Ordinal);
        }

        return text;
    }

    private static async Task<IReadOnlyList<string>> ListAsync(MySqlServer server, string sql, CancellationToken cancellationToken) =>
        await RowsAsync(server, sql, cancellationToken);

    /// <summary>One text a row.</summary>
    private static async Task<IReadOnlyList<string>> RowsAsync(MySqlServer server, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await server.OpenAsync(ct: cancellationToken);
        // Names go through Identifier and Literal.
#pragma warning disable CA2100
        await using var query = new MySqlCommand(sql, connection);
#pragma warning restore CA2100
        await using var rows = await query.ExecuteReaderAsync(cancellationToken);
        var lines = new List<string>();
        while (await rows.ReadAsync(cancellationToken))
        {
            var columns = Enumerable.Range(0, rows.FieldCount).Where(index => rows.GetName(index) is not "Created");
            lines.Add(string.Join(" | ", columns.Select(index => Convert.ToString(rows.GetValue(index), CultureInfo.InvariantCulture))));
        }

        return lines;
    }

    private const string Accounts = """
        SELECT DISTINCT User FROM mysql.user
        WHERE User NOT IN ('root', '', 'PUBLIC') AND User NOT LIKE 'mysql.%' AND User NOT LIKE 'mariadb.%'
        ORDER BY User
        """;

    /// <summary>Those whose name routines and triggers bear, which no ALTER changes.</summary>
    private const string Definers = """
        SELECT SUBSTRING_INDEX(DEFINER, '@', 1) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN ('shop', 'warehouse')
        UNION SELECT SUBSTRING_INDEX(DEFINER, '@', 1) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN ('shop', 'warehouse')
        """;

    private const string Objects = """
        SELECT CONCAT('SHOW CREATE ', IF(TABLE_TYPE = 'VIEW', 'VIEW', 'TABLE'), ' ', TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ('shop', 'warehouse')
        UNION SELECT CONCAT('SHOW CREATE ', ROUTINE_TYPE, ' ', ROUTINE_SCHEMA, '.', ROUTINE_NAME) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN ('shop', 'warehouse')
        UNION SELECT CONCAT('SHOW CREATE TRIGGER ', TRIGGER_SCHEMA, '.', TRIGGER_NAME) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN ('shop', 'warehouse')
        UNION SELECT CONCAT('SHOW CREATE EVENT ', EVENT_SCHEMA, '.', EVENT_NAME) FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN ('shop', 'warehouse')
        """;

    /// <summary>A table's next number is data.</summary>
    [GeneratedRegex(" AUTO_INCREMENT=[0-9]+")]
    private static partial Regex Counter();

    [GeneratedRegex(@"(?<=(?:AS|USING|PASSWORD) )(?:'(?:[^'\\]|\\.|'')*'|0x[0-9A-F]+)")]
    private static partial Regex Hash();
}
