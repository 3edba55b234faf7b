using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// What the login may do with each object that it owns: an owner can have taken a privilege from itself, and without an ACL it has the built-in ones
/// (acldefault()). Languages are left out: who may use their objects is no matter of a grant.
/// </summary>
internal sealed class OwnPrivilegeQuery : ICatalogQuery
{
    public string Sql(Version serverVersion) =>
        $"""
        WITH dependency AS (
            SELECT * FROM ({CatalogSql.Dependencies}) AS d WHERE deptype = 'o'
        ), acl AS (
            SELECT d.*, NULL::name AS attname, coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)) AS acl
            FROM dependency AS d JOIN pg_class AS c ON c.oid = d.objid
            WHERE d.classid = 'pg_class'::regclass
          UNION ALL
            SELECT d.*, a.attname, a.attacl
            FROM dependency AS d JOIN pg_attribute AS a ON a.attrelid = d.objid AND a.attacl IS NOT NULL AND NOT a.attisdropped
            WHERE d.classid = 'pg_class'::regclass
          UNION ALL
            SELECT d.*, NULL, coalesce(n.nspacl, acldefault('n', n.nspowner))
            FROM dependency AS d JOIN pg_namespace AS n ON n.oid = d.objid
            WHERE d.classid = 'pg_namespace'::regclass
          UNION ALL
            SELECT d.*, NULL, coalesce(p.proacl, acldefault('f', p.proowner))
            FROM dependency AS d JOIN pg_proc AS p ON p.oid = d.objid
            WHERE d.classid = 'pg_proc'::regclass
          UNION ALL
            SELECT d.*, NULL, coalesce(t.typacl, acldefault('T', t.typowner))
            FROM dependency AS d JOIN pg_type AS t ON t.oid = d.objid
            WHERE d.classid = 'pg_type'::regclass
          UNION ALL
            SELECT d.*, NULL, coalesce(b.datacl, acldefault('d', b.datdba))
            FROM dependency AS d JOIN pg_database AS b ON b.oid = d.objid
            WHERE d.classid = 'pg_database'::regclass
          UNION ALL
            SELECT d.*, NULL, coalesce(l.lomacl, acldefault('L', l.lomowner))
            FROM dependency AS d JOIN pg_largeobject_metadata AS l ON l.oid = d.objid
            WHERE d.classid = 'pg_largeobject'::regclass
          UNION ALL
            SELECT d.*, NULL, coalesce(w.fdwacl, acldefault('F', w.fdwowner))
            FROM dependency AS d JOIN pg_foreign_data_wrapper AS w ON w.oid = d.objid
            WHERE d.classid = 'pg_foreign_data_wrapper'::regclass
          UNION ALL
            SELECT d.*, NULL, coalesce(s.srvacl, acldefault('S', s.srvowner))
            FROM dependency AS d JOIN pg_foreign_server AS s ON s.oid = d.objid
            WHERE d.classid = 'pg_foreign_server'::regclass
          UNION ALL
            SELECT d.*, NULL, coalesce(s.spcacl, acldefault('t', s.spcowner))
            FROM dependency AS d JOIN pg_tablespace AS s ON s.oid = d.objid
            WHERE d.classid = 'pg_tablespace'::regclass
        )
        SELECT DISTINCT a.dbid <> 0, upper(i.type), i.identity, a.attname::text, x.privilege_type,
               a.classid = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_rewrite AS w WHERE w.ev_class = a.objid AND w.rulename <> '_RETURN')
        FROM acl AS a
        CROSS JOIN LATERAL aclexplode(a.acl) AS x
        CROSS JOIN LATERAL pg_identify_object(a.classid, a.objid, 0) AS i
        WHERE x.grantee = {CatalogSql.Login}
          AND NOT {CatalogSql.IsTemporary("i.schema")}
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            snapshot.Add(new()
            {
                Kind = FactKinds.OwnPrivilege,
                Database = rows.GetBoolean(0) ? snapshot.Database : null,
                ObjectType = snapshot.Word(rows, 1),
                ObjectName = rows.GetString(2),
                SubName = SnapshotBuilder.Text(rows, 3) is { } column ? PostgreSqlDialect.Identifier(column) : null,
                Name = snapshot.Word(rows, 4),
                Value = rows.GetBoolean(5) ? FactKinds.HasRules : null,
                Grantor = PermissionFact.Login,
                ObjectOwner = PermissionFact.Login,
            });
        }
    }
}
