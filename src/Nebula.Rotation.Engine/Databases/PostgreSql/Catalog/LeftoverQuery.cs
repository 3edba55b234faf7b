using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// The catch-all: every row of pg_shdepend for the login that no other query reads, by name; and, once, what blocks from elsewhere (pg_authid's first
/// role, which is number 10, pg_prepared_xacts). What is new in a server's next release ends up here, not lost.
/// </summary>
internal sealed class LeftoverQuery : ICatalogQuery
{
    private static readonly Version WithInitialDependencies = new(17, 0);

    private const string Move = "Give it to another role, or wait for a release that moves it.";

    public string Sql(Version serverVersion) =>
        $"""
        SELECT d.deptype::text AS kind, pg_describe_object(d.classid, d.objid, d.objsubid) AS name
        FROM ({CatalogSql.Dependencies}) AS d
        CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS i
        WHERE NOT ( d.deptype = 'a' AND d.classid IN ({CatalogSql.ReadAcls(serverVersion)}, 'pg_default_acl'::regclass, 'pg_auth_members'::regclass)
                 OR d.deptype = 'o' AND d.classid IN ({CatalogSql.ReadOwners}, 'pg_default_acl'::regclass, 'pg_user_mapping'::regclass)
                 OR d.deptype = 'r' AND d.classid = 'pg_policy'::regclass )
          AND NOT {CatalogSql.IsTemporary("i.schema")}
        UNION ALL
        {InitialPrivileges(serverVersion)}
        SELECT 'bootstrap', format('role %I', rolname)
        FROM pg_roles
        WHERE $2 AND rolname = $1 AND oid = 10
        UNION ALL
        SELECT 'prepared', format('prepared transaction %L in database %I', gid, database)
        FROM pg_prepared_xacts
        WHERE $2 AND owner = $1
        """;

    /// <summary>
    /// Before 17 pg_shdepend does not have those whom pg_init_privs names: it would keep the number of a role that is gone, and pg_dump would write it down.
    /// </summary>
    private static string InitialPrivileges(Version serverVersion) => serverVersion >= WithInitialDependencies ? "" :
        $"""
        SELECT DISTINCT 'i', pg_describe_object(p.classoid, p.objoid, p.objsubid)
        FROM pg_init_privs AS p CROSS JOIN LATERAL aclexplode(p.initprivs) AS x
        WHERE {CatalogSql.Login} IN (x.grantor, x.grantee)
        UNION ALL
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            var name = SnapshotBuilder.Text(rows, 1) ?? "an object that is being dropped";
            var (reason, action) = rows.GetString(0) switch
            {
                "o" => ("The login owns it, and this release cannot move it.", Move),
                "a" => ("Its privileges name the login, and this release cannot copy them.", "Revoke them, or grant them to a role that the login is a member of."),
                "i" => ("Its initial privileges, set by an extension's script, name the login.", "Make the extension with another role."),
                "bootstrap" => ("It is the role that made the server, which owns the system catalogs and cannot be dropped.", "Let the application use a role of its own."),
                "prepared" => ("It belongs to the login and holds its locks until it ends.", "COMMIT PREPARED or ROLLBACK PREPARED it."),
                var kind => ($"It depends on the login in a way ('{kind}') that this release does not know.", Move),
            };
            snapshot.Block(name, reason, action);
        }
    }
}
