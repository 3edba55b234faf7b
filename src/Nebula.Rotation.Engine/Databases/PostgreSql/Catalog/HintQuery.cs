using System.Text.Json;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>Whether the login may make objects, and every role that it is a member of.</summary>
internal sealed class HintQuery : ICatalogQuery
{
    public string Sql(Version serverVersion) =>
        $"""
        WITH RECURSIVE ancestor AS (
            SELECT roleid FROM pg_auth_members WHERE member = {CatalogSql.Login}
          UNION
            SELECT m.roleid FROM pg_auth_members AS m JOIN ancestor AS a ON a.roleid = m.member
        )
        SELECT has_database_privilege(l.oid, current_database(), 'CREATE')
               OR EXISTS (SELECT FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_' AND has_schema_privilege(l.oid, oid, 'CREATE')),
               ARRAY(SELECT r.rolname::text FROM ancestor AS a JOIN pg_roles AS r ON r.oid = a.roleid ORDER BY 1)
        FROM pg_roles AS l
        WHERE l.rolname = $1
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        if (!await rows.ReadAsync(cancellationToken))
            return;
        if (rows.GetBoolean(0))
            snapshot.Hint(HintNames.MayCreate, "true");
        snapshot.Hint(HintNames.Ancestors, JsonSerializer.Serialize(rows.GetFieldValue<string[]>(1)));
    }
}
