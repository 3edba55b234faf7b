using Nebula.Rotation.Engine.Databases.PostgreSql.Admins;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// pg_user_mappings (the view, which an admin that may not see options can read too): whom the login is on foreign servers. Options hold passwords: their values stay on the server, and what is read is their names, and of
/// a hash of all so few bits that nobody can tell a right guess from a wrong one.
/// </summary>
internal sealed class UserMappingQuery(bool isReadable) : ICatalogQuery
{
    private const int HexDigits = 4;

    public string Sql(Version serverVersion) =>
        $"""
        SELECT m.srvname::text,
               (SELECT string_agg(quote_ident(split_part(o, '=', 1)), ', ' ORDER BY o) FROM unnest({(isReadable ? "u" : "m")}.umoptions) AS o),
               (SELECT left(encode(sha256(convert_to(string_agg(o, E'\n' ORDER BY o), 'UTF8')), 'hex'), {HexDigits}) FROM unnest({(isReadable ? "u" : "m")}.umoptions) AS o),
               (SELECT r.rolname::text FROM pg_foreign_server AS s JOIN pg_roles AS r ON r.oid = s.srvowner WHERE s.oid = m.srvid)
        FROM ({CatalogSql.Dependencies}) AS d
        JOIN pg_user_mappings AS m ON m.umid = d.objid
        {(isReadable ? "JOIN pg_user_mapping AS u ON u.oid = d.objid" : "")}
        WHERE d.deptype = 'o' AND d.classid = 'pg_user_mapping'::regclass
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            // Manual, "CREATE USER MAPPING": for others, the server's owner may.
            if (SnapshotBuilder.Text(rows, 3) is { } owner)
                snapshot.NeedOwner(owner);
            if (!isReadable && snapshot.Admin is { } admin)
            {
                var grant = $"GRANT SELECT ON pg_catalog.pg_user_mapping TO {admin.Quoted}";
                snapshot.Missing.Need(MissingRights.In(snapshot.Database, grant));
                // Two mappings whose options nobody sees would look the same.
                snapshot.Block($"user mapping for server {PostgreSqlDialect.Identifier(rows.GetString(0))}", "The admin may not read its options, and cannot copy them.", $"As a superuser run {grant}.");
            }

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
