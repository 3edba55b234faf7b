using Nebula.Rotation.TestServers;
using Nebula.Rotation.TestServers.Oracles;
using Npgsql;

namespace Nebula.Rotation.Demo.PostgreSql;

/// <summary>As pg_dump and pg_dumpall say it.</summary>
internal sealed class PostgreSqlSurroundings : ISurroundings
{
    private readonly PostgresServer _server;
    private readonly DumpReading _before;

    private PostgreSqlSurroundings(PostgresServer server, DumpReading before)
    {
        _server = server;
        _before = before;
    }

    public string Unchanged => "no orphan role; every definition and right as before";

    public static async Task<PostgreSqlSurroundings> RememberAsync(PostgresServer server, string login, CancellationToken cancellationToken) =>
        new(server, await DumpOracle.ReadAsync(server, DumpRequest.WholeCluster(login), cancellationToken));

    public async Task<IReadOnlyList<string>> CompareAsync(string login, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        foreach (var role in await OrphansAsync(login, cancellationToken))
            problems.Add($"orphan role: {role}");

        // What the dump programs say, not the reader of the module under demonstration. That the schema called like the first login is written
        // out in the search path from the first rotation on is on purpose.
        var after = await DumpOracle.ReadAsync(_server, DumpRequest.WholeCluster(login), cancellationToken);
        var difference = DumpOracle.Diff(_before, after, DumpRule.PinnedSearchPath);
        if (!difference.IsEmpty)
            problems.AddRange(difference.ToString().Split('\n'));
        return problems;
    }

    private async Task<IReadOnlyList<string>> OrphansAsync(string login, CancellationToken cancellationToken)
    {
        await using var connection = await _server.OpenAsync(ct: cancellationToken);
        await using var query = new NpgsqlCommand(
            "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' AND rolname <> ALL ($1) ORDER BY rolname", connection);
        query.Parameters.Add(new NpgsqlParameter { Value = PostgreSqlShop.OtherRoles.Append(_server.SuperUser).Append(login).ToArray() });
        await using var rows = await query.ExecuteReaderAsync(cancellationToken);
        var orphans = new List<string>();
        while (await rows.ReadAsync(cancellationToken))
            orphans.Add(rows.GetString(0));
        return orphans;
    }
}
