using Nebula.Rotation.Engine.Databases.PostgreSql.Mentions;
using Nebula.Rotation.Engine.Databases.PostgreSql.Rules;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>What stands in the way before anything is touched: the admin's rights, limits, and what the server will do with a new login.</summary>
internal sealed class PostgreSqlPreflight(PostgreSqlSession session, PostgreSqlDatabaseSessions others)
{
    public async Task<Preflight> RunAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> rights = AdminRule.MissingRights(source);
        var blockers = new List<PlanBlocker>();
        var warnings = new List<string>();
        await using (var self = session.Command("SELECT session_user = $1", source.Username))
        {
            if (await self.ExecuteScalarAsync(cancellationToken) is true && !OwnAdmin.Is(credential))
            {
                blockers.Add(new(
                    $"role {PostgreSqlDialect.Identifier(source.Username)}",
                    "It is the admin login too, and no login can drop itself.",
                    OwnAdmin.Advice(credential)));
            }
        }

        await LimitsAsync(credential, source, blockers, warnings, cancellationToken);
        await MentionsAsync(credential, source, blockers, warnings, cancellationToken);
        return new(rights, blockers, warnings);
    }

    /// <summary>While both are live, the application's pools may stand twice: every consumer adopts the new login with the old pool still open.</summary>
    private async Task LimitsAsync(
        DatabaseCredential credential, LoginSnapshot source, List<PlanBlocker> blockers, List<string> warnings, CancellationToken cancellationToken)
    {
        await using var command = session.Command(
            """
            WITH client AS (
                -- Of sessions that the admin may not look into it sees that they have a user, as a client's have.
                SELECT datid FROM pg_stat_activity WHERE coalesce(backend_type, 'client backend') = 'client backend' AND usesysid IS NOT NULL
            )
            SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                   - coalesce(current_setting('reserved_connections', true), '0')::int
                   - (SELECT count(*)::int FROM client),
                   d.datconnlimit - (SELECT count(*)::int FROM client WHERE datid = d.oid),
                   d.datconnlimit >= 0,
                   r.rolconnlimit,
                   r.rolvaliduntil <= clock_timestamp(),
                   r.rolvaliduntil::text,
                   (SELECT count(*)::int FROM pg_stat_activity WHERE usesysid = r.oid AND application_name <> $2)
            FROM pg_roles AS r CROSS JOIN pg_database AS d
            WHERE r.rolname = $1 AND d.datname = current_database()
            """,
            source.Username,
            PostgreSqlConnector.ApplicationName);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
            return;

        var (free, freeInDatabase, hasDatabaseLimit, roleLimit) = (row.GetInt32(0), row.GetInt32(1), row.GetBoolean(2), row.GetInt32(3));
        var needed = credential.MaxConnections ?? row.GetInt32(6);
        var need = credential.MaxConnections is null ? $"{source.Username} has {needed} sessions now" : $"the credential's pools open up to {needed}";
        if (needed > free)
        {
            blockers.Add(new(
                $"server {session.Endpoint}",
                $"A second pool does not fit: {need}, and {Math.Max(free, 0)} connections are free.",
                "Raise max_connections, shrink the pools, or rotate when fewer are open."));
        }

        if (hasDatabaseLimit && needed > freeInDatabase)
        {
            blockers.Add(new(
                $"database {credential.Database}",
                $"A second pool does not fit its CONNECTION LIMIT: {need}, and {Math.Max(freeInDatabase, 0)} are free.",
                "Raise the limit with ALTER DATABASE … CONNECTION LIMIT."));
        }

        if (roleLimit >= 0 && needed > roleLimit)
            warnings.Add($"The login's own CONNECTION LIMIT of {roleLimit} is smaller than what its pools open ({needed}); the new login gets the same limit.");
        if (!row.IsDBNull(4) && row.GetBoolean(4))
        {
            blockers.Add(new(
                $"role {PostgreSqlDialect.Identifier(source.Username)}",
                $"Its password was valid until {row.GetString(5)}; a new login with the same end could not log in.",
                "Set another end with ALTER ROLE … VALID UNTIL."));
        }
    }

    /// <summary>What knows the login by its name, on the server and in each database that it was found in.</summary>
    private async Task MentionsAsync(
        DatabaseCredential credential, LoginSnapshot source, List<PlanBlocker> blockers, List<string> warnings, CancellationToken cancellationToken)
    {
        // What names both of two that take turns fits the next one, too.
        var alternate = StrategyOptions.GetAlternateUsername(credential);
        var mentions = await ServerMentions.ReadAsync(session, credential, source.Username, alternate, cancellationToken);
        foreach (var database in OverlapRule.Databases(source))
        {
            Task<List<Mention>> ReadAsync(PostgreSqlSession visited) =>
                DatabaseMentions.ReadAsync(visited, database, credential.Database, credential, source.Username, alternate, cancellationToken);
            mentions.AddRange(database == credential.Database ? await ReadAsync(session) : await others.UseAsync(database, ReadAsync, cancellationToken));
        }

        var isAllowed = PostgreSqlOptions.AllowsMentions(credential);
        foreach (var mention in mentions)
        {
            if (mention.Action is null || isAllowed)
                warnings.Add(mention.ToString());
            else
                blockers.Add(mention.ToBlocker());
        }
    }
}
