using Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;
using Nebula.Rotation.Engine.Snapshots;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>
/// Reads a login's facts: in each database one read-only transaction with one view of the data, one round trip. The credential's own database tells which
/// others to visit.
/// </summary>
internal sealed class PostgreSqlCatalog(PostgreSqlSession session, PostgreSqlDatabaseSessions others)
{
    /// <summary>An object that was dropped between the catalog's view and the name's lookup is an error before 14; then the view was stale.</summary>
    private const int Attempts = 3;

    /// <summary>Databases that are read at a time.</summary>
    private const int Parallel = 4;

    public async Task<LoginSnapshot> ReadAsync(
        string username, string database, CancellationToken cancellationToken, bool withOwnPrivileges = false)
    {
        var main = new SnapshotBuilder(username, database);
        main = await ReadAsync(
            session,
            main,
            [
                .. AsAdmin(session),
                new RoleQuery(),
                new SettingsQuery(session.Server.Version.Major >= 15),
                new SecurityLabelQuery(),
                new DatabaseQuery(),
                new MembershipQuery(username),
                .. InEachDatabase(username, session, withOwnPrivileges),
                new AncestorQuery(),
            ],
            isHome: true,
            cancellationToken);

        // The two logins of a rotation are read one after the other, and compared: where one was visited, the other is.
        foreach (var name in main.OtherDatabases)
            others.Visited.Add(name);
        var parts = new SnapshotBuilder[main.OtherDatabases.Count];
        await System.Threading.Tasks.Parallel.ForAsync(
            0,
            parts.Length,
            new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken },
            async (index, token) => parts[index] = await others.UseAsync(
                main.OtherDatabases[index],
                other => ReadAsync(other, main.For(main.OtherDatabases[index]), [.. AsAdmin(other), .. InEachDatabase(username, other, withOwnPrivileges)], isHome: false, token),
                token));
        foreach (var part in parts)
            main.Merge(part);
        return main.Build(session.Server.Description);
    }

    /// <summary>First, since facts are read with the admin's eyes.</summary>
    private static ICatalogQuery[] AsAdmin(PostgreSqlSession session) => session.Server.AdminIsSuperuser ? [] : [new AdminQuery(), new AdminRolesQuery()];

    private static ICatalogQuery[] InEachDatabase(string username, PostgreSqlSession session, bool withOwnPrivileges) =>
    [
        new SearchPathQuery(username, session.Server.SearchPath),
        new PrivilegeQuery(session.Server.AdminIsSuperuser),
        new DefaultPrivilegeQuery(),
        new OwnershipQuery(session.Server.AdminIsSuperuser),
        new UserMappingQuery(session.Server.Readable.HasFlag(PostgreSqlReadable.UserMappings)),
        new PolicyQuery(),
        new LeftoverQuery(),
        new CreateQuery(),
        .. withOwnPrivileges ? [new OwnPrivilegeQuery()] : (ICatalogQuery[])[],
    ];

    private async Task<SnapshotBuilder> ReadAsync(
        PostgreSqlSession visited, SnapshotBuilder empty, IReadOnlyList<ICatalogQuery> queries, bool isHome, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ReadOnceAsync(visited, empty.Again(), queries, isHome, cancellationToken);
            }
            catch (PostgresException e) when (attempt < Attempts && e.SqlState is PostgresErrorCodes.InternalError or PostgresErrorCodes.SerializationFailure)
            {
                // Read again.
            }
        }
    }

    private async Task<SnapshotBuilder> ReadOnceAsync(
        PostgreSqlSession visited, SnapshotBuilder builder, IReadOnlyList<ICatalogQuery> queries, bool isHome, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(visited.Connection);
        // In the batch itself, so that one read is one round trip.
        batch.BatchCommands.Add(new("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
        foreach (var query in queries)
        {
            batch.BatchCommands.Add(new(visited.TextOf(query))
            {
                Parameters =
                {
                    new NpgsqlParameter<string> { TypedValue = builder.Username },
                    new NpgsqlParameter<bool> { TypedValue = isHome },
                    new NpgsqlParameter<string[]> { TypedValue = [.. others.Visited] },
                },
            });
        }

        batch.BatchCommands.Add(new("COMMIT"));
        try
        {
            await using var rows = await batch.ExecuteReaderAsync(cancellationToken);
            foreach (var query in queries)
            {
                await query.ReadAsync(rows, builder, cancellationToken);
                await rows.NextResultAsync(cancellationToken);
            }
        }
        catch when (visited.IsOpen)
        {
            await LeaveTransactionAsync(visited);
            throw;
        }

        return builder;
    }

    /// <summary>What failed before the COMMIT left the transaction open.</summary>
    private static async Task LeaveTransactionAsync(PostgreSqlSession visited)
    {
        try
        {
            await using var rollback = visited.Command("ROLLBACK");
            await rollback.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (NpgsqlException)
        {
            // The connection is lost with it; what failed first is on its way to the caller.
        }
    }
}
