using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>pg_shdepend, owners: every object that can move, by the name that pg_identify_object() gives it.</summary>
internal sealed class OwnershipQuery : ICatalogQuery
{
    /// <summary>
    /// A sequence of a column follows its table (pg_depend: a for serial and OWNED BY, i for identity). Indexes, row types and TOAST tables have no
    /// owner of their own in pg_shdepend; a multirange that has one (before 17) does not follow its range. A subscription is shared by name only.
    /// </summary>
    public string Sql(Version serverVersion) =>
        $"""
        SELECT CASE WHEN d.dbid <> 0 THEN current_database()
                    WHEN d.classid = 'pg_subscription'::regclass THEN (SELECT b.datname FROM pg_subscription AS s JOIN pg_database AS b ON b.oid = s.subdbid WHERE s.oid = d.objid)
               END::text,
               upper(i.type), i.identity,
               EXISTS ( SELECT FROM pg_depend AS p
                        WHERE d.classid = 'pg_class'::regclass AND p.classid = d.classid AND p.objid = d.objid AND p.objsubid = 0
                          AND p.refclassid = d.classid AND p.refobjsubid <> 0 AND p.deptype IN ('a', 'i') )
        FROM ({CatalogSql.Dependencies}) AS d
        CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS i
        WHERE d.deptype = 'o'
          AND d.classid IN ({CatalogSql.ReadOwners})
          AND NOT {CatalogSql.IsTemporary("i.schema")}
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            snapshot.Add(new()
            {
                Kind = FactKinds.Owner,
                Database = SnapshotBuilder.Text(rows, 0),
                ObjectType = rows.GetString(1),
                ObjectName = rows.GetString(2),
                Name = "OWNER",
                Value = rows.GetBoolean(3) ? FactKinds.Follows : null,
                IsExclusive = true,
            });
        }
    }
}
