using System.Data;
using System.Data.Common;
using Nebula.Rotation.Stores.Tables;

namespace Nebula.Rotation.Stores.PostgreSql;

/// <summary>
/// A connection for one transaction. Statements that nobody waits for travel with the next one, and the first of them with the BEGIN, so that a
/// transaction takes as many round trips as it asks questions, and one for its commit. Nothing in it outlives the transaction: a pooler may give the
/// next one to another server session.
/// </summary>
internal sealed class PostgreSqlSession : StoreSession
{
    /// <summary>The server's clock as a column has it; see <see cref="Column"/>.</summary>
    public const string ServerNow = """to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"0Z"')""";

    private const string ServerExpiry =
        """to_char((clock_timestamp() + $seconds * interval '1 second') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"0Z"')""";

    private readonly DbConnection _connection;
    private readonly bool _locks;
    private readonly bool _isTimed;
    private readonly CancellationToken _cancellationToken;
    private readonly List<Statement> _waiting = [];
    private bool _hasBegun;

    /// <param name="connection">An open connection.</param>
    /// <param name="begin">The statements that begin the transaction; none when each statement stands for itself.</param>
    /// <param name="locks">True when rows that are read are locked.</param>
    /// <param name="isTimed">True when leases go by the parameters of the caller, not by the server's clock.</param>
    /// <param name="cancellationToken">Stops a statement; not the commit.</param>
    public PostgreSqlSession(DbConnection connection, IReadOnlyList<string> begin, bool locks, bool isTimed, CancellationToken cancellationToken)
    {
        _connection = connection;
        _locks = locks;
        _isTimed = isTimed;
        _cancellationToken = cancellationToken;
        _waiting.AddRange(begin.Select(static text => new Statement(text, [], IsQuery: false)));
        IsTransaction = begin.Count > 0;
    }

    public bool IsTransaction { get; }

    /// <summary>How to find out whether the transaction has committed; null when it may be run again.</summary>
    public CommitProof? Proof { get; private set; }

    public override string Now => _isTimed ? base.Now : ServerNow;

    public override string Expiry => _isTimed ? base.Expiry : ServerExpiry;

    public override string LockClause(string? alias = null) => !_locks ? string.Empty : alias is null ? " FOR UPDATE" : $" FOR UPDATE OF {alias}";

    public override Task LockAsync(string select, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (_locks)
            _waiting.Add(new(select + " FOR UPDATE", parameters.ToArray(), IsQuery: true));
        return Task.CompletedTask;
    }

    public override Task LockStoreAsync()
    {
        // A copy takes its time, and this session waits for it.
        _waiting.Add(new("SET LOCAL idle_in_transaction_session_timeout = 0", [], IsQuery: false));
        _waiting.Add(new($"LOCK TABLE {PostgreSqlText.Schema}.leases, {PostgreSqlText.Schema}.credentials, {PostgreSqlText.Schema}.meta IN EXCLUSIVE MODE", [], IsQuery: false));
        return Task.CompletedTask;
    }

    public override Task<int> ExecuteAsync(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        ExecuteAsync(new Statement(sql, parameters.ToArray(), IsQuery: false));

    public override Task SendAsync(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (!IsTransaction)
            return ExecuteAsync(sql, parameters);
        _waiting.Add(new(sql, parameters.ToArray(), IsQuery: false));
        return Task.CompletedTask;
    }

    public override Task<object?> ScalarAsync(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        ScalarAsync(new Statement(sql, parameters.ToArray(), IsQuery: true));

    public override Task<T?> FirstAsync<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
        where T : class => FirstAsync(new Statement(sql, parameters.ToArray(), IsQuery: true), read);

    public override Task<List<T>> AllAsync<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        AllAsync(new Statement(sql, parameters.ToArray(), IsQuery: true), read);

    public override bool IsNotUnique(DbException exception) => exception.SqlState == PostgreSqlErrors.NotUnique;

    public override void ProveBy(
        (string Select, (string Name, object? Value)[] Parameters) held, (string Select, (string Name, object? Value)[] Parameters) fact) =>
        Proof = new(held.Select, held.Parameters, fact.Select, fact.Parameters);

    /// <summary>Sends what waits, and the commit, in one packet.</summary>
    public async Task CommitAsync()
    {
        if (!_hasBegun && _waiting.TrueForAll(static statement => statement.Parameters.Length == 0))
            return;
        _waiting.Add(new("COMMIT", [], IsQuery: false));
        await using var batch = Take();
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
        _hasBegun = false;
    }

    /// <summary>Gives the connection back as it was. One that is lost has been rolled back by the server.</summary>
    public async Task RollBackAsync()
    {
        _waiting.Clear();
        if (!_hasBegun || _connection.State != ConnectionState.Open)
            return;
        _hasBegun = false;
        try
        {
            _waiting.Add(new("ROLLBACK", [], IsQuery: false));
            await using var batch = Take();
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (DbException)
        {
            // Lost meanwhile; what is thrown already says why.
        }
    }

    private async Task<int> ExecuteAsync(Statement statement)
    {
        _waiting.Add(statement);
        await using var batch = Take();
        await batch.ExecuteNonQueryAsync(_cancellationToken);
        return batch.BatchCommands[^1].RecordsAffected;
    }

    private async Task<object?> ScalarAsync(Statement statement)
    {
        var rows = await AllAsync(statement, static row => row.IsDBNull(0) ? null : row.GetValue(0));
        return rows.Count > 0 ? rows[0] : null;
    }

    private async Task<T?> FirstAsync<T>(Statement statement, Func<DbDataReader, T> read)
        where T : class
    {
        var rows = await AllAsync(statement, read);
        return rows.Count > 0 ? rows[0] : null;
    }

    private async Task<List<T>> AllAsync<T>(Statement statement, Func<DbDataReader, T> read)
    {
        var answers = _waiting.Count(static waiting => waiting.IsQuery);
        _waiting.Add(statement);
        await using var batch = Take();
        await using var reader = await batch.ExecuteReaderAsync(_cancellationToken);
        for (; answers > 0; answers--)
            await reader.NextResultAsync(_cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(_cancellationToken))
            rows.Add(read(reader));
        return rows;
    }

    private DbBatch Take()
    {
        var batch = _connection.CreateBatch();
        foreach (var statement in _waiting)
        {
            var command = batch.CreateBatchCommand();
            command.CommandText = PostgreSqlText.Translate(statement.Sql);
            foreach (var (name, value) in statement.Parameters)
            {
                var parameter = command.CreateParameter();
                parameter.ParameterName = name.TrimStart('$');
                parameter.Value = value ?? DBNull.Value;
                command.Parameters.Add(parameter);
            }

            batch.BatchCommands.Add(command);
        }

        _waiting.Clear();
        _hasBegun = IsTransaction;
        return batch;
    }

    private sealed record Statement(string Sql, (string Name, object? Value)[] Parameters, bool IsQuery);
}
