using Nebula.Rotation.Engine.Databases.PostgreSql.Admins;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// pg_roles: the connected admin, which is no superuser; one row, and the first of a snapshot. An admin must be able to administer the login and be its full member: only then
/// does it see the login's sessions, may end them, and has what the login owns in its hands.
/// </summary>
internal sealed class AdminQuery : ICatalogQuery
{
    public string Sql(Version serverVersion)
    {
        var isMember = serverVersion.Major >= 16
            ? "pg_has_role(me.oid, l.oid, 'USAGE') AND pg_has_role(me.oid, l.oid, 'SET')"
            : "pg_has_role(me.oid, l.oid, 'USAGE')";
        return
            $"""
            SELECT me.rolname::text, me.rolcreaterole, me.rolcreatedb, me.rolreplication, me.rolbypassrls, me.rolinherit,
                   has_database_privilege(me.oid, current_database(), 'CREATE') OR coalesce(has_database_privilege(l.oid, current_database(), 'CREATE'), false),
                   coalesce({isMember}, false)
            FROM pg_roles AS me LEFT JOIN pg_roles AS l ON l.rolname = $1
            WHERE me.rolname = session_user
            """;
    }

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        await rows.ReadAsync(cancellationToken);
        var admin = new AdminView(rows.GetString(0))
        {
            CreatesRoles = rows.GetBoolean(1),
            CreatesDatabases = rows.GetBoolean(2),
            Replicates = rows.GetBoolean(3),
            BypassesPolicies = rows.GetBoolean(4),
            Inherits = rows.GetBoolean(5),
            CreatesSchemas = rows.GetBoolean(6),
        };
        snapshot.Admin = admin;
        snapshot.Hint(HintNames.Admin, admin.Quoted);
        if (rows.GetBoolean(7))
            snapshot.Hint(HintNames.AdminIsMember, "true");
    }
}
