using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// The other databases in which the login owns or has something (pg_shdepend.dbid, by index) or has settings, and those visited before. One that cannot or
/// must not be visited is a blocker, if it has more than settings, which are read and set from anywhere.
/// </summary>
internal sealed class DatabaseQuery : ICatalogQuery
{
    public string Sql(Version serverVersion) =>
        $"""
        WITH dependency AS (
            SELECT dbid, count(*) AS number
            FROM pg_shdepend
            WHERE refclassid = 'pg_authid'::regclass AND refobjid = {CatalogSql.Login} AND dbid NOT IN (0, {CatalogSql.Database})
            GROUP BY dbid
        )
        SELECT b.datname::text, coalesce(d.number, 0), b.datallowconn, b.datistemplate, b.datconnlimit = -2, has_database_privilege(session_user, b.oid, 'CONNECT')
        FROM pg_database AS b
        LEFT JOIN dependency AS d ON d.dbid = b.oid
        WHERE b.oid <> {CatalogSql.Database}
          AND ( d.dbid IS NOT NULL
             OR b.datname = ANY ($3)
             OR b.oid IN (SELECT setdatabase FROM pg_db_role_setting WHERE setrole = {CatalogSql.Login}) )
        ORDER BY b.datname
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            var (name, number) = (rows.GetString(0), rows.GetInt64(1));
            var (allowsConnections, isTemplate, isInvalid) = (rows.GetBoolean(2), rows.GetBoolean(3), rows.GetBoolean(4));
            if (allowsConnections && !isTemplate && !isInvalid && !rows.GetBoolean(5))
            {
                if (snapshot.Admin is { } admin)
                    snapshot.Missing.Need($"GRANT CONNECT ON DATABASE {PostgreSqlDialect.Identifier(name)} TO {admin.Quoted}");
                snapshot.Block(
                    $"database {PostgreSqlDialect.Identifier(name)}", "The login has something in it, and the admin may not connect to it to see what.", $"Run GRANT CONNECT ON DATABASE {PostgreSqlDialect.Identifier(name)} to the admin.");
                continue;
            }

            if (allowsConnections && !isTemplate && !isInvalid)
            {
                snapshot.OtherDatabases.Add(name);
                continue;
            }

            if (number == 0)
                continue;
            var quoted = PostgreSqlDialect.Identifier(name);
            var (reason, action) = isInvalid
                ? ("is left over from a DROP DATABASE that did not finish", $"Run DROP DATABASE {quoted}.")
                : isTemplate
                    ? ("is a template, whose copies would get the rights of a login that is to go", $"Take the login's rights and objects away there, or run ALTER DATABASE {quoted} IS_TEMPLATE false.")
                    : ("allows no connections", $"Run ALTER DATABASE {quoted} ALLOW_CONNECTIONS true, or drop the database.");
            snapshot.Block($"database {quoted}", $"The login owns or has something in it ({number} entries of pg_shdepend), and it {reason}.", action);
        }
    }
}
