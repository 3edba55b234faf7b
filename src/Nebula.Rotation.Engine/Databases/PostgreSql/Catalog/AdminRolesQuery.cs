using Nebula.Rotation.Engine.Databases.PostgreSql.Admins;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// pg_roles and pg_auth_members: what an admin that is no superuser may do with each role. It will be a member of the login, so what the login is a member of counts as its own.
/// From 16 on whoever grants a role must have its ADMIN OPTION by a membership that it inherits from; before, CREATEROLE is enough for all but superusers.
/// </summary>
internal sealed class AdminRolesQuery : ICatalogQuery
{
    public string Sql(Version serverVersion)
    {
        var (set, mayGrant) = serverVersion.Major >= 16
            ? ("SET", "EXISTS (SELECT FROM pg_auth_members AS m WHERE m.roleid = r.oid AND m.admin_option AND pg_has_role(me.oid, m.member, 'USAGE'))")
            : ("MEMBER", "NOT r.rolsuper OR pg_has_role(me.oid, r.oid, 'MEMBER WITH ADMIN OPTION')");
        return
            $"""
            SELECT r.rolname::text,
                   CASE WHEN r.rolname = 'pg_database_owner' THEN o.rolname ELSE r.rolname END::text,
                   CASE WHEN r.rolname = 'pg_database_owner' THEN o.rolsuper ELSE r.rolsuper END,
                   pg_has_role(me.oid, r.oid, 'USAGE'),
                   pg_has_role(me.oid, r.oid, '{set}'),
                   coalesce(pg_has_role(l.oid, r.oid, 'USAGE'), false),
                   coalesce(pg_has_role(l.oid, r.oid, '{set}'), false),
                   {mayGrant},
                   r.oid = 10
            FROM pg_roles AS r
            JOIN pg_roles AS me ON me.rolname = session_user
            JOIN pg_database AS d ON d.datname = current_database()
            JOIN pg_roles AS o ON o.oid = d.datdba
            LEFT JOIN pg_roles AS l ON l.rolname = $1
            """;
    }

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        var admin = snapshot.Admin!;
        while (await rows.ReadAsync(cancellationToken))
        {
            var (hasOwn, canBeOwn) = (rows.GetBoolean(3), rows.GetBoolean(4));
            admin.Add(
                rows.GetString(0),
                new(
                    PostgreSqlDialect.Identifier(rows.GetString(1)),
                    IsSuperuser: rows.GetBoolean(2),
                    Has: hasOwn || rows.GetBoolean(5),
                    CanBe: canBeOwn || rows.GetBoolean(6),
                    MayGrant: rows.GetBoolean(7),
                    hasOwn,
                    canBeOwn));
            if (rows.GetBoolean(8))
                admin.Bootstrap = PostgreSqlDialect.Identifier(rows.GetString(0));
        }
    }
}
