using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// ACLs that name the login, of objects that it does not own: an owner's own dependencies are recorded as such only, and its ACLs move with the
/// object. A grantor is recorded like a grantee.
/// </summary>
internal sealed class PrivilegeQuery(bool isSuperuser) : ICatalogQuery
{
    /// <summary>A parameter has no owner: what a superuser grants is recorded as the first role's, which is number 10 (pg_parameter_acl).</summary>
    private const string Parameters =
        """
        UNION ALL
            SELECT d.*, NULL, 10::oid, p.paracl
            FROM dependency AS d JOIN pg_parameter_acl AS p ON p.oid = d.objid
            WHERE d.classid = 'pg_parameter_acl'::regclass
        """;

    /// <summary>Whether the admin itself has the privilege with its grant option, whoever gave it that.</summary>
    private const string MayPassOn =
        """
        EXISTS ( SELECT FROM aclexplode(a.acl) AS own
                 WHERE own.grantee = (SELECT oid FROM pg_roles WHERE rolname = session_user) AND own.privilege_type = x.privilege_type AND own.is_grantable )
        """;

    public string Sql(Version serverVersion) =>
        $"""
        WITH dependency AS (
            SELECT * FROM ({CatalogSql.Dependencies}) AS d WHERE deptype = 'a'
        ), acl AS (
            SELECT d.*, NULL::name AS attname, c.relowner AS owner, c.relacl AS acl
            FROM dependency AS d JOIN pg_class AS c ON c.oid = d.objid
            WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0
          UNION ALL
            SELECT d.*, a.attname, c.relowner, a.attacl
            FROM dependency AS d JOIN pg_class AS c ON c.oid = d.objid JOIN pg_attribute AS a ON a.attrelid = d.objid AND a.attnum = d.objsubid
            WHERE d.classid = 'pg_class'::regclass AND d.objsubid <> 0
          UNION ALL
            SELECT d.*, NULL, n.nspowner, n.nspacl
            FROM dependency AS d JOIN pg_namespace AS n ON n.oid = d.objid
            WHERE d.classid = 'pg_namespace'::regclass
          UNION ALL
            SELECT d.*, NULL, p.proowner, p.proacl
            FROM dependency AS d JOIN pg_proc AS p ON p.oid = d.objid
            WHERE d.classid = 'pg_proc'::regclass
          UNION ALL
            SELECT d.*, NULL, t.typowner, t.typacl
            FROM dependency AS d JOIN pg_type AS t ON t.oid = d.objid
            WHERE d.classid = 'pg_type'::regclass
          UNION ALL
            SELECT d.*, NULL, b.datdba, b.datacl
            FROM dependency AS d JOIN pg_database AS b ON b.oid = d.objid
            WHERE d.classid = 'pg_database'::regclass
          UNION ALL
            SELECT d.*, NULL, l.lanowner, l.lanacl
            FROM dependency AS d JOIN pg_language AS l ON l.oid = d.objid
            WHERE d.classid = 'pg_language'::regclass
          UNION ALL
            SELECT d.*, NULL, l.lomowner, l.lomacl
            FROM dependency AS d JOIN pg_largeobject_metadata AS l ON l.oid = d.objid
            WHERE d.classid = 'pg_largeobject'::regclass
          UNION ALL
            SELECT d.*, NULL, w.fdwowner, w.fdwacl
            FROM dependency AS d JOIN pg_foreign_data_wrapper AS w ON w.oid = d.objid
            WHERE d.classid = 'pg_foreign_data_wrapper'::regclass
          UNION ALL
            SELECT d.*, NULL, s.srvowner, s.srvacl
            FROM dependency AS d JOIN pg_foreign_server AS s ON s.oid = d.objid
            WHERE d.classid = 'pg_foreign_server'::regclass
          UNION ALL
            SELECT d.*, NULL, s.spcowner, s.spcacl
            FROM dependency AS d JOIN pg_tablespace AS s ON s.oid = d.objid
            WHERE d.classid = 'pg_tablespace'::regclass
          {(CatalogSql.HasParameterAcls(serverVersion) ? Parameters : "")}
        )
        SELECT a.dbid <> 0, upper(i.type), i.identity, a.attname::text, x.privilege_type, x.is_grantable,
               grantor.rolname::text, grantee.rolname::text, owner.rolname::text,
               {(isSuperuser ? "true" : MayPassOn)}
        FROM acl AS a
        CROSS JOIN LATERAL aclexplode(a.acl) AS x
        CROSS JOIN LATERAL pg_identify_object(a.classid, a.objid, 0) AS i
        LEFT JOIN pg_roles AS grantor ON grantor.oid = x.grantor
        LEFT JOIN pg_roles AS grantee ON grantee.oid = x.grantee
        LEFT JOIN pg_roles AS owner ON owner.oid = a.owner
        WHERE {CatalogSql.Login} IN (x.grantee, x.grantor)
          AND NOT {CatalogSql.IsTemporary("i.schema")}
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            var grantee = SnapshotBuilder.Text(rows, 7) is { } name ? snapshot.Role(name) : PostgreSqlDialect.Public;
            var objectType = snapshot.Word(rows, 1);
            var isMine = grantee == PermissionFact.Login;
            var fact = new PermissionFact
            {
                Kind = isMine ? FactKinds.Privilege : FactKinds.GrantedPrivilege,
                Database = rows.GetBoolean(0) ? snapshot.Database : null,
                ObjectType = objectType,
                // The only name that comes without quotes; an extension's has a dot.
                ObjectName = objectType == "PARAMETER ACL" ? PostgreSqlDialect.DottedName(rows.GetString(2)) : rows.GetString(2),
                SubName = SnapshotBuilder.Text(rows, 3) is { } column ? PostgreSqlDialect.Identifier(column) : null,
                Name = snapshot.Word(rows, 4),
                WithGrantOption = rows.GetBoolean(5),
                Grantor = snapshot.Role(rows, 6),
                Grantee = isMine ? null : grantee,
                ObjectOwner = snapshot.Role(rows, 8),
            };
            snapshot.Add(
                isMine && snapshot.Admin is not null
                    ? snapshot.AsAdminGives(fact, SnapshotBuilder.Text(rows, 6), SnapshotBuilder.Text(rows, 8), mayPassOn: rows.GetBoolean(9))
                    : fact);
        }
    }
}
