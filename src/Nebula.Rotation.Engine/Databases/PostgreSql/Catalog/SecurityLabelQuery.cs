using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>pg_shseclabel: the login's security labels, one a provider.</summary>
internal sealed class SecurityLabelQuery : ICatalogQuery
{
    public string Sql(Version serverVersion) =>
        $"""
        SELECT provider, label
        FROM pg_shseclabel
        WHERE classoid = 'pg_authid'::regclass AND objoid = {CatalogSql.Login}
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
            snapshot.Add(new() { Kind = FactKinds.SecurityLabel, Name = rows.GetString(0), Value = rows.GetString(1) });
    }
}
