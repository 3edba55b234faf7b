using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// One statement of a snapshot. Its parameters are the login's name ($1), whether the visited database is the credential's own ($2), and the other
/// databases that earlier snapshots of the connection visited ($3); names of catalogs need no schema, since the session's search_path is pg_catalog.
/// </summary>
internal interface ICatalogQuery
{
    string Sql(Version serverVersion);

    /// <summary>Reads the statement's rows.</summary>
    Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken);
}
