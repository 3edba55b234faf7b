using MySqlConnector;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>One admin connection to one endpoint. It is this rotation's own.</summary>
internal sealed class MySqlSession(MySqlConnection connection, MySqlServerInfo server, MySqlEndpoint endpoint, DateTimeOffset startedAt) : IAsyncDisposable
{
    public MySqlConnection Connection { get; } = connection;

    public MySqlServerInfo Server { get; } = server;

    /// <summary>Host and port, for messages.</summary>
    public string Endpoint { get; } = endpoint.ToString();

    /// <summary>Whether what is sent can be read by nobody on the way.</summary>
    public bool IsPrivate => Server.IsEncrypted || endpoint.IsLocal;

    /// <summary>False when the connection is gone.</summary>
    public bool IsOpen => Connection.State == System.Data.ConnectionState.Open;

    /// <summary>When it connected, by the server's clock.</summary>
    public DateTimeOffset StartedAt { get; } = startedAt;

    /// <summary>What is known of when other sessions connected.</summary>
    public MySqlSessionAges Ages { get; } = new(server.ConnectionId, startedAt);

    /// <summary>The same session, which connected earlier than it was set up.</summary>
    public MySqlSession Since(DateTimeOffset connectedAt) => new(Connection, Server, endpoint, connectedAt);

    /// <summary>Leaves no transaction, no lock and no setting (COM_RESET_CONNECTION).</summary>
    public ValueTask CleanAsync(CancellationToken cancellationToken) => Connection.ResetConnectionAsync(cancellationToken);

    public MySqlCommand Command(string sql, params ReadOnlySpan<object> parameters)
    {
        // The room's own text; values are parameters, and names went through the dialect.
#pragma warning disable CA2100
        var command = new MySqlCommand(sql, Connection);
#pragma warning restore CA2100
        for (var index = 0; index < parameters.Length; index++)
            command.Parameters.AddWithValue($"@p{index}", parameters[index]);
        return command;
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
