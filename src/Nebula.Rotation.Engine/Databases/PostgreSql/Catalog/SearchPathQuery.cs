using System.Text.Json;
using Nebula.Rotation.Engine.Databases.PostgreSql.Rules;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// The search_path that a new session of the login gets in the visited database. The most particular setting wins: for the login in this database, for
/// the login, for the database, for everybody (process_settings() in the server's source), then the server's own.
/// </summary>
internal sealed class SearchPathQuery(string username, string? serverDefault) : ICatalogQuery
{
    public string Sql(Version serverVersion) =>
        $"""
        SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1),
               ( SELECT substr(item, length('search_path=') + 1)
                 FROM pg_db_role_setting CROSS JOIN LATERAL unnest(setconfig) AS item
                 WHERE setrole = {CatalogSql.Login} AND setdatabase = {CatalogSql.Database} AND item LIKE 'search\_path=%' ),
               ( SELECT substr(item, length('search_path=') + 1)
                 FROM pg_db_role_setting CROSS JOIN LATERAL unnest(setconfig) AS item
                 WHERE setrole IN (0, {CatalogSql.Login}) AND setdatabase IN (0, {CatalogSql.Database}) AND item LIKE 'search\_path=%'
                 ORDER BY setrole = 0, setdatabase = 0
                 LIMIT 1 )
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        await rows.ReadAsync(cancellationToken);
        var database = snapshot.Database;
        var userSchema = rows.GetBoolean(0);
        if (userSchema)
            snapshot.Hint(HintNames.In(HintNames.NameIsSchema, database), "true");
        if (!snapshot.Exists)
            return;

        var setting = SnapshotBuilder.Text(rows, 2) ?? serverDefault;
        if (setting is null)
        {
            var name = snapshot.Admin?.Quoted ?? "the admin";
            snapshot.Missing.Need($"ALTER ROLE {name} RESET search_path");
            snapshot.Missing.Need($"ALTER ROLE {name} IN DATABASE {PostgreSqlDialect.Identifier(database)} RESET search_path");
            snapshot.Block(
                $"search_path in database {PostgreSqlDialect.Identifier(database)}",
                "The login's is the server's own, and the admin cannot see that: its role has another one.",
                $"Run ALTER ROLE {name} RESET search_path.");
            return;
        }

        var path = PostgreSqlDialect.SplitNames(setting, foldCase: true);
        // "$user" counts with quotes and without; where it means no schema it is passed over (manual, "search_path").
        if (userSchema && path.Contains("$user"))
            snapshot.Hint(HintNames.In(HintNames.UserSchema, database), "true");
        if (SnapshotBuilder.Text(rows, 1) is { } own)
            snapshot.Hint(HintNames.In(HintNames.OwnSearchPath, database), JsonSerializer.Serialize(PostgreSqlDialect.SplitNames(own, foldCase: true)));

        var resolved = path.Select(schema => schema == "$user" ? (userSchema ? username : null) : schema).Where(schema => schema is { Length: > 0 });
        snapshot.Add(new()
        {
            Kind = FactKinds.SearchPath,
            Database = database,
            Name = "search_path",
            Value = string.Join(", ", resolved.Select(schema => SearchPathRule.Quote(schema!))),
        });
    }
}
