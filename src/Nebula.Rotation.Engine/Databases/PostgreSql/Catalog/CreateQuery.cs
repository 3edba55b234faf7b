using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>Whether the login may make objects in the visited database: has_database_privilege(), has_schema_privilege().</summary>
internal sealed class CreateQuery : ICatalogQuery
{
    public string Sql(Version serverVersion) =>
        """
        SELECT has_database_privilege(l.oid, current_database(), 'CREATE')
               OR EXISTS (SELECT FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_' AND has_schema_privilege(l.oid, oid, 'CREATE'))
        FROM pg_roles AS l
        WHERE l.rolname = $1
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        if (await rows.ReadAsync(cancellationToken) && rows.GetBoolean(0))
            snapshot.Hint(HintNames.In(HintNames.MayCreate, snapshot.Database), "true");
    }
}
