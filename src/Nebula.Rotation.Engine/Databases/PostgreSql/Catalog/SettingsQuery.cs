using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>pg_db_role_setting: ALTER ROLE … SET. A visited database's search_path is <see cref="SearchPathQuery"/>'s, and left out at the end.</summary>
internal sealed class SettingsQuery : ICatalogQuery
{
    public string Sql(Version serverVersion) =>
        $"""
        SELECT d.datname::text, split_part(item, '=', 1), substr(item, strpos(item, '=') + 1)
        FROM pg_db_role_setting AS s
        LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
        CROSS JOIN LATERAL unnest(s.setconfig) AS item
        WHERE s.setrole = {CatalogSql.Login}
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
            snapshot.Add(new() { Kind = FactKinds.Setting, Database = SnapshotBuilder.Text(rows, 0), Name = rows.GetString(1), Value = rows.GetString(2) });
    }
}
