using Nebula.Rotation.Engine.Snapshots;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>What stands in the way before anything is touched: the admin's rights, limits, and what the server will do with a new login.</summary>
internal sealed class PostgreSqlPreflight(PostgreSqlSession session)
{
    public async Task<Preflight> RunAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken)
    {
        var rights = new List<string>();
        var blockers = new List<PlanBlocker>();
        var warnings = new List<string>();
        if (!session.Server.AdminIsSuperuser)
        {
            // The connection's own word: the admin's name may come from a stored credential.
            await using var who = session.Command("SELECT format('ALTER ROLE %I SUPERUSER;', session_user)");
            rights.Add($"{await who.ExecuteScalarAsync(cancellationToken)} -- or use an admin login that is a superuser: this release needs one");
        }

        await using (var self = session.Command("SELECT session_user = $1", source.Username))
        {
            if (await self.ExecuteScalarAsync(cancellationToken) is true)
            {
                blockers.Add(new(
                    $"role {PostgreSqlDialect.Identifier(source.Username)}",
                    "It is the admin login too, and no login can drop itself.",
                    "Use another admin login."));
            }
        }

        await LimitsAsync(credential, source, blockers, warnings, cancellationToken);
        if (session.Server.AdminIsSuperuser)
            await NamesAsync(source, warnings, cancellationToken);
        return new(rights, blockers, warnings);
    }

    /// <summary>While both are live, the application's pools may stand twice: every consumer adopts the new login with the old pool still open.</summary>
    private async Task LimitsAsync(
        DatabaseCredential credential, LoginSnapshot source, List<PlanBlocker> blockers, List<string> warnings, CancellationToken cancellationToken)
    {
        await using var command = session.Command(
            """
            SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                   - coalesce(current_setting('reserved_connections', true), '0')::int
                   - (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend'),
                   d.datconnlimit - (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend' AND datid = d.oid),
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

    /// <summary>pg_hba_file_rules that name the login do not fit the new one; pg_event_trigger may forbid what a rotation does.</summary>
    private async Task NamesAsync(LoginSnapshot source, List<string> warnings, CancellationToken cancellationToken)
    {
        await using var command = session.Command(
            """
            SELECT format('pg_hba.conf line %s names %s and will not fit the new login; verification tells before anything is published.', line_number, $1)
            FROM pg_hba_file_rules
            WHERE $1 = ANY (user_name)
            UNION ALL
            SELECT format('Event trigger %I fires on %s and may forbid it.', evtname, evtevent)
            FROM pg_event_trigger
            WHERE evtenabled NOT IN ('D', 'R')
            """,
            source.Username);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
            warnings.Add(rows.GetString(0));
    }
}
