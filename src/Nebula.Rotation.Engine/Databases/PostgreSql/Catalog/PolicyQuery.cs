using System.Text.Json;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>pg_policy: row security policies that name the login, and whom else they name.</summary>
internal sealed class PolicyQuery : ICatalogQuery
{
    public string Sql(Version serverVersion) =>
        $"""
        SELECT t.identity, p.polname::text, ARRAY(SELECT rolname::text FROM pg_roles WHERE oid = ANY (p.polroles) ORDER BY 1),
               (SELECT o.rolname::text FROM pg_class AS c JOIN pg_roles AS o ON o.oid = c.relowner WHERE c.oid = p.polrelid)
        FROM ({CatalogSql.Dependencies}) AS d
        JOIN pg_policy AS p ON p.oid = d.objid
        CROSS JOIN LATERAL pg_identify_object('pg_class'::regclass, p.polrelid, 0) AS t
        WHERE d.deptype = 'r' AND d.classid = 'pg_policy'::regclass
          AND NOT {CatalogSql.IsTemporary("t.schema")}
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            var fact = new PermissionFact
            {
                Kind = FactKinds.Policy,
                Database = snapshot.Database,
                ObjectType = "TABLE",
                ObjectName = rows.GetString(0),
                SubName = PostgreSqlDialect.Identifier(rows.GetString(1)),
                Name = "POLICY",
            };
            snapshot.Add(fact);
            // Manual, "ALTER POLICY": the table's owner may.
            if (SnapshotBuilder.Text(rows, 3) is { } owner)
                snapshot.NeedOwner(owner);
            snapshot.Hint(HintNames.Of(HintNames.PolicyRoles, fact), JsonSerializer.Serialize(rows.GetFieldValue<string[]>(2).Select(PostgreSqlDialect.Identifier)));
        }
    }
}
