using Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>One admin connection to one database, with the data source that it came from. Both are this rotation's own.</summary>
internal sealed class PostgreSqlSession(NpgsqlDataSource dataSource, NpgsqlConnection connection, PostgreSqlServer server, string endpoint) : IAsyncDisposable
{
    private readonly Dictionary<Type, string> _texts = [];

    public NpgsqlConnection Connection { get; } = connection;

    public PostgreSqlServer Server { get; } = server;

    /// <summary>Host and port, for messages.</summary>
    public string Endpoint { get; } = endpoint;

    /// <summary>
    /// True when the driver gave the connection up for an answer of the server that is no more than a reason to try again: it does so after any internal
    /// error (XX000), such as when two changes met in the catalog. A connection that was lost, or ended by somebody, is not replaced under the workflow.
    /// </summary>
    public bool IsReplaceable { get; set; }

    /// <summary>False when the connection is gone.</summary>
    public bool IsOpen => Connection.State == System.Data.ConnectionState.Open;

    /// <summary>The same session, with what its server says of itself now.</summary>
    public PostgreSqlSession With(PostgreSqlServer newer) => new(dataSource, Connection, newer, Endpoint);

    /// <summary>A query's text: what it depends on stays the same as long as the session does, and a rotation asks each query several times.</summary>
    public string TextOf(ICatalogQuery query)
    {
        if (!_texts.TryGetValue(query.GetType(), out var text))
            _texts.Add(query.GetType(), text = query.Sql(Server.Version));
        return text;
    }

    public NpgsqlCommand Command(string sql, params object[] parameters)
    {
        // The room's own text; values are parameters, and names went through the dialect.
#pragma warning disable CA2100
        var command = new NpgsqlCommand(sql, Connection);
#pragma warning restore CA2100
        foreach (var value in parameters)
            command.Parameters.Add(new() { Value = value });
        return command;
    }

    /// <summary>Leaves no transaction and no lock. What the session has prepared stays, which is most of what it is kept for.</summary>
    public async ValueTask CleanAsync(CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(Connection) { BatchCommands = { new("ROLLBACK"), new("SELECT pg_advisory_unlock_all()") } };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await dataSource.DisposeAsync();
    }
}
