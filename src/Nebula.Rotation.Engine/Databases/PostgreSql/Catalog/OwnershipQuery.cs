using Nebula.Rotation.Engine.Databases.PostgreSql.Admins;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>pg_shdepend, owners: every object that can move, by the name that pg_identify_object() gives it.</summary>
internal sealed class OwnershipQuery(bool isSuperuser) : ICatalogQuery
{
    /// <summary>
    /// A sequence of a column follows its table (pg_depend: a for serial and OWNED BY, i for identity). Indexes, row types and TOAST tables have no
    /// owner of their own in pg_shdepend; a multirange that has one (before 17) does not follow its range. A subscription is shared by name only.
    /// </summary>
    public string Sql(Version serverVersion) =>
        $"""
        SELECT CASE WHEN d.dbid <> 0 THEN current_database()
                    WHEN d.classid = 'pg_subscription'::regclass THEN (SELECT b.datname FROM pg_subscription AS s JOIN pg_database AS b ON b.oid = s.subdbid WHERE s.oid = d.objid)
               END::text,
               upper(i.type), i.identity,
               EXISTS ( SELECT FROM pg_depend AS p
                        WHERE d.classid = 'pg_class'::regclass AND p.classid = d.classid AND p.objid = d.objid AND p.objsubid = 0
                          AND p.refclassid = d.classid AND p.refobjsubid <> 0 AND p.deptype IN ('a', 'i') ),
               {(isSuperuser ? "NULL, NULL, NULL, NULL" : "needs.privilege, needs.object, needs.owner, needs.may_pass_on")}
        FROM ({CatalogSql.Dependencies}) AS d
        CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS i
        {(isSuperuser ? "" : Needs(serverVersion))}
        WHERE d.deptype = 'o'
          AND d.classid IN ({CatalogSql.ReadOwners})
          AND NOT {CatalogSql.IsTemporary("i.schema")}
        """;

    /// <summary>In the place of a privilege that nobody can grant.</summary>
    private const string Superuser = "superuser";

    /// <summary>
    /// What the new owner needs, since no superuser gives it (manual, ALTER … OWNER of each kind): CREATE on the schema, for a publication on the database, and for a foreign server
    /// USAGE on its wrapper. Here only where the login itself lacks it now; with whose it is, and whether the admin may pass it on. A publication of all tables, or of a
    /// schema's (15+), is for superusers to own.
    /// </summary>
    private static string Needs(Version version) =>
        $"""
        LEFT JOIN LATERAL (
            SELECT 'CREATE' AS privilege, 'SCHEMA ' || quote_ident(n.nspname) AS object, n.nspowner AS owner_oid, n.nspacl AS acl
            FROM pg_namespace AS n
            WHERE d.classid <> 'pg_namespace'::regclass AND quote_ident(n.nspname) = i.schema AND NOT has_schema_privilege({CatalogSql.Login}, n.oid, 'CREATE')
          UNION ALL
            SELECT 'CREATE', 'DATABASE ' || quote_ident(b.datname), b.datdba, b.datacl
            FROM pg_database AS b
            WHERE d.classid = 'pg_publication'::regclass AND b.datname = current_database() AND NOT has_database_privilege({CatalogSql.Login}, b.oid, 'CREATE')
          UNION ALL
            SELECT '{Superuser}', '', 10, NULL
            FROM pg_publication AS p
            WHERE d.classid = 'pg_publication'::regclass AND p.oid = d.objid
              AND (p.puballtables {(version.Major >= 15 ? "OR EXISTS (SELECT FROM pg_publication_namespace AS n WHERE n.pnpubid = p.oid)" : "")})
          UNION ALL
            SELECT 'USAGE', 'FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname), w.fdwowner, w.fdwacl
            FROM pg_foreign_server AS s JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
            WHERE d.classid = 'pg_foreign_server'::regclass AND s.oid = d.objid AND NOT has_foreign_data_wrapper_privilege({CatalogSql.Login}, w.oid, 'USAGE')
        ) AS lacks ON true
        LEFT JOIN LATERAL (
            SELECT lacks.privilege, lacks.object, o.rolname::text AS owner,
                   EXISTS ( SELECT FROM aclexplode(lacks.acl) AS own
                            WHERE own.grantee = (SELECT oid FROM pg_roles WHERE rolname = session_user) AND own.privilege_type = lacks.privilege AND own.is_grantable ) AS may_pass_on
            FROM pg_roles AS o
            WHERE o.oid = lacks.owner_oid
        ) AS needs ON true
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            var fact = new PermissionFact
            {
                Kind = FactKinds.Owner,
                Database = SnapshotBuilder.Text(rows, 0),
                ObjectType = rows.GetString(1),
                ObjectName = rows.GetString(2),
                Name = "OWNER",
                Value = rows.GetBoolean(3) ? FactKinds.Follows : null,
                IsExclusive = true,
            };
            snapshot.Add(fact);
            // Manual, "ALTER SCHEMA": whoever gives one away must be allowed to make one.
            if (fact.ObjectType == "SCHEMA" && snapshot.Admin is { CreatesSchemas: false } maker)
                snapshot.Missing.Need($"GRANT CREATE ON DATABASE {PostgreSqlDialect.Identifier(snapshot.Database)} TO {maker.Quoted}");
            if (snapshot.Admin is not { } admin || rows.IsDBNull(4))
                continue;
            var (privilege, target, owner) = (rows.GetString(4), rows.GetString(5), rows.GetString(6));
            if (privilege == Superuser)
            {
                snapshot.Missing.Need(MissingRights.In(fact.Database, $"ALTER PUBLICATION {fact.ObjectName} OWNER TO {admin.Bootstrap}"));
                continue;
            }

            snapshot.Hint(HintNames.Of(HintNames.OwnerNeeds, fact), $"{privilege} ON {target}");
            if (admin.Role(owner) is not { Has: false } role || rows.GetBoolean(7))
                continue;
            if (role.IsSuperuser)
                snapshot.Missing.Need(MissingRights.In(fact.Database, $"GRANT {privilege} ON {target} TO {admin.Quoted} WITH GRANT OPTION"));
            else
                snapshot.Missing.NeedPrivilegesOf(role);
        }
    }
}
