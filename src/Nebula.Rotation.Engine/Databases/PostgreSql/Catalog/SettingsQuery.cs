using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>pg_db_role_setting: ALTER ROLE … SET. A visited database's search_path is <see cref="SearchPathQuery"/>'s, and left out at the end.</summary>
/// <param name="mayBeGranted">Whether the right to set one can be granted (15+).</param>
internal sealed class SettingsQuery(bool mayBeGranted) : ICatalogQuery
{
    public string Sql(Version serverVersion) =>
        $"""
        SELECT d.datname::text, split_part(item, '=', 1), substr(item, strpos(item, '=') + 1), {MaySet()}
        FROM pg_db_role_setting AS s
        LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
        CROSS JOIN LATERAL unnest(s.setconfig) AS item
        WHERE s.setrole = {CatalogSql.Login}
        """;

    /// <summary>Whether the admin may set it for others: a setting that is not there yet, an extension's, counts as one for superusers (validate_option_array_item()).</summary>
    private string MaySet() =>
        "coalesce((SELECT context IN ('user', 'backend') FROM pg_settings WHERE lower(name) = lower(split_part(item, '=', 1))), false)"
        + (mayBeGranted ? " OR has_parameter_privilege(session_user, split_part(item, '=', 1), 'SET')" : "");

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            if (snapshot.Admin is { } admin && !rows.GetBoolean(3))
            {
                if (mayBeGranted)
                    snapshot.Missing.Need($"GRANT SET ON PARAMETER {PostgreSqlDialect.DottedName(rows.GetString(1))} TO {admin.Quoted}");
                else
                    snapshot.Missing.NeedAttribute("SUPERUSER");
            }

            snapshot.Add(new() { Kind = FactKinds.Setting, Database = SnapshotBuilder.Text(rows, 0), Name = rows.GetString(1), Value = rows.GetString(2) });
        }
    }
}
