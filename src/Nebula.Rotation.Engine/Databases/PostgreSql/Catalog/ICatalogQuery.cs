using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>
/// One statement of a snapshot. Its only parameter is the login's name ($1); names of catalogs need no schema, since the session's search_path is
/// pg_catalog.
/// </summary>
internal interface ICatalogQuery
{
    string Sql(Version serverVersion);

    /// <summary>Reads the statement's rows.</summary>
    Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken);
}
