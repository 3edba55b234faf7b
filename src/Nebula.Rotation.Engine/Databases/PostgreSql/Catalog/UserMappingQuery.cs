using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// pg_user_mappings (the view, which an admin that may not see options can read too): whom the login is on foreign servers. Options hold passwords: their values stay on the server, and what is read is their names, and of
/// a hash of all so few bits that nobody can tell a right guess from a wrong one.
/// </summary>
internal sealed class UserMappingQuery : ICatalogQuery
{
    private const int HexDigits = 4;

    public string Sql(Version serverVersion) =>
        $"""
        SELECT m.srvname::text,
               (SELECT string_agg(quote_ident(split_part(o, '=', 1)), ', ' ORDER BY o) FROM unnest(m.umoptions) AS o),
               (SELECT left(encode(sha256(convert_to(string_agg(o, E'\n' ORDER BY o), 'UTF8')), 'hex'), {HexDigits}) FROM unnest(m.umoptions) AS o)
        FROM ({CatalogSql.Dependencies}) AS d
        JOIN pg_user_mappings AS m ON m.umid = d.objid
        WHERE d.deptype = 'o' AND d.classid = 'pg_user_mapping'::regclass
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            snapshot.Add(new()
            {
                Kind = FactKinds.UserMapping,
                Database = snapshot.Database,
                ObjectType = "SERVER",
                ObjectName = PostgreSqlDialect.Identifier(rows.GetString(0)),
                Name = "USER MAPPING",
                Value = SnapshotBuilder.Text(rows, 1) is { } options ? $"{options} #{rows.GetString(2)}" : null,
            });
        }
    }
}
