using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// pg_default_acl, as definer and as grantee. An entry for all schemas replaces the built-in default, so it is read as its difference from that
/// (acldefault(); manual, "pg_default_acl"); an entry for one schema adds to it.
/// </summary>
internal sealed class DefaultPrivilegeQuery : ICatalogQuery
{
    public string Sql(Version serverVersion) =>
        $"""
        WITH entry AS (
            SELECT e.*
            FROM pg_default_acl AS e
            WHERE e.oid IN (SELECT objid FROM ({CatalogSql.Dependencies}) AS d WHERE classid = 'pg_default_acl'::regclass)
        ), has AS (
            SELECT e.oid, x.grantee, x.privilege_type, x.is_grantable
            FROM entry AS e CROSS JOIN LATERAL aclexplode(e.defaclacl) AS x
        ), built_in AS (
            SELECT e.oid, x.grantee, x.privilege_type
            FROM entry AS e
            CROSS JOIN LATERAL aclexplode(acldefault(CASE e.defaclobjtype WHEN 'S' THEN 's' ELSE e.defaclobjtype END, e.defaclrole)) AS x
            WHERE e.defaclnamespace = 0
        ), change AS (
            SELECT oid, grantee, privilege_type, h.is_grantable IS NULL AS is_revoked, coalesce(h.is_grantable, false) AS is_grantable
            FROM has AS h FULL JOIN built_in AS b USING (oid, grantee, privilege_type)
            WHERE h.is_grantable IS NULL OR b.oid IS NULL OR h.is_grantable
        )
        SELECT e.defaclobjtype::text, n.nspname::text, c.privilege_type, c.is_grantable, c.is_revoked,
               definer.rolname::text, grantee.rolname::text
        FROM change AS c
        JOIN entry AS e USING (oid)
        JOIN pg_roles AS definer ON definer.oid = e.defaclrole
        LEFT JOIN pg_roles AS grantee ON grantee.oid = c.grantee
        LEFT JOIN pg_namespace AS n ON n.oid = e.defaclnamespace
        WHERE {CatalogSql.Login} IN (e.defaclrole, c.grantee)
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            // Manual, "ALTER DEFAULT PRIVILEGES": for a role whose privileges one has.
            if (rows.GetString(5) is var definer && definer != snapshot.Username)
                snapshot.NeedOwner(definer);
            var grantee = SnapshotBuilder.Text(rows, 6) is { } name ? snapshot.Role(name) : PostgreSqlDialect.Public;
            snapshot.Add(new()
            {
                Kind = FactKinds.DefaultPrivilege,
                Database = snapshot.Database,
                ObjectType = ObjectWord(rows.GetString(0)),
                ObjectName = SnapshotBuilder.Text(rows, 1) is { } schema ? PostgreSqlDialect.Identifier(schema) : null,
                Name = rows.GetString(2),
                WithGrantOption = rows.GetBoolean(3),
                Value = rows.GetBoolean(4) ? FactKinds.Revoked : null,
                Grantor = snapshot.Role(rows, 5),
                Grantee = grantee == PermissionFact.Login ? null : grantee,
            });
        }
    }

    private static string ObjectWord(string type) => type switch
    {
        "r" => "TABLES",
        "S" => "SEQUENCES",
        "f" => "FUNCTIONS",
        "T" => "TYPES",
        "n" => "SCHEMAS",
        "L" => "LARGE OBJECTS",
        _ => throw new RotationException(RotationErrorCode.UnsupportedServer, $"The server has default privileges of a kind '{type}' that this release does not know."),
    };
}
