using System.Text.Json;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>pg_auth_members: every role that the login is a member of, directly or not.</summary>
internal sealed class AncestorQuery : ICatalogQuery
{
    public string Sql(Version serverVersion) =>
        $"""
        WITH RECURSIVE ancestor AS (
            SELECT roleid FROM pg_auth_members WHERE member = {CatalogSql.Login}
          UNION
            SELECT m.roleid FROM pg_auth_members AS m JOIN ancestor AS a ON a.roleid = m.member
        )
        SELECT ARRAY(SELECT r.rolname::text FROM ancestor AS a JOIN pg_roles AS r ON r.oid = a.roleid ORDER BY 1)
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        await rows.ReadAsync(cancellationToken);
        if (snapshot.Exists)
            snapshot.Hint(HintNames.Ancestors, JsonSerializer.Serialize(rows.GetFieldValue<string[]>(0)));
    }
}
