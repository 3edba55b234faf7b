using System.Data;
using Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;
using Nebula.Rotation.Engine.Snapshots;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>Reads a login's facts: one read-only transaction with one view of the data, one batch.</summary>
internal sealed class PostgreSqlCatalog(PostgreSqlSession session)
{
    /// <summary>An object that was dropped between the catalog's view and the name's lookup is an error before 14; then the view was stale.</summary>
    private const int Attempts = 3;

    public async Task<LoginSnapshot> ReadAsync(string username, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ReadOnceAsync(username, cancellationToken);
            }
            catch (PostgresException e) when (attempt < Attempts && e.SqlState is PostgresErrorCodes.InternalError or PostgresErrorCodes.SerializationFailure)
            {
                // Read again.
            }
        }
    }

    private async Task<LoginSnapshot> ReadOnceAsync(string username, CancellationToken cancellationToken)
    {
        ICatalogQuery[] queries =
        [
            new RoleQuery(),
            new SettingsQuery(),
            new SearchPathQuery(username, session.Server.SearchPath),
            new MembershipQuery(username),
            new PrivilegeQuery(),
            new DefaultPrivilegeQuery(),
            new OwnershipQuery(),
            new LeftoverQuery(),
            new HintQuery(),
        ];
        await using var transaction = await session.Connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var builder = new SnapshotBuilder(username);
        await using (var batch = new NpgsqlBatch(session.Connection, transaction))
        {
            batch.BatchCommands.Add(new("SET TRANSACTION READ ONLY"));
            foreach (var query in queries)
                batch.BatchCommands.Add(new(query.Sql(session.Server.Version)) { Parameters = { new NpgsqlParameter<string> { TypedValue = username } } });
            await using var rows = await batch.ExecuteReaderAsync(cancellationToken);
            foreach (var query in queries)
            {
                await query.ReadAsync(rows, builder, cancellationToken);
                await rows.NextResultAsync(cancellationToken);
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return builder.Build(session.Server.Description);
    }
}
