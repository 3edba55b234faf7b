using Npgsql;

namespace Nebula.Rotation.Demo;

/// <summary>Counts the application's queries and what went wrong with them. Nothing is tried twice, so each failure is one that a user would have seen.</summary>
internal sealed class Tally
{
    private const int KeptFailures = 5;

    private readonly Lock _gate = new();
    private readonly List<string> _firstFailures = [];
    private long _queries;
    private long _failed;

    public long Queries => Interlocked.Read(ref _queries);

    public long Failed => Interlocked.Read(ref _failed);

    public IReadOnlyList<string> FirstFailures
    {
        get
        {
            lock (_gate)
                return [.. _firstFailures];
        }
    }

    /// <summary>Runs a statement that returns one value; counted whether it succeeds or not.</summary>
    public async Task<T> ScalarAsync<T>(BorrowedConnection on, string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = Command(on, sql, values);
        var value = await command.ExecuteScalarAsync(cancellationToken);
        return value is T expected ? expected : throw new WrongAnswerException($"{sql}: got '{value}', which is no {typeof(T).Name}");
    }

    /// <summary>Runs a statement for its effect; counted whether it succeeds or not. Gives the number of rows.</summary>
    public async Task<int> ExecuteAsync(BorrowedConnection on, string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = Command(on, sql, values);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Counts a failure: of a query, of connecting, or of following the store.</summary>
    public void Fail(string what, Exception exception)
    {
        Interlocked.Increment(ref _failed);
        lock (_gate)
        {
            if (_firstFailures.Count < KeptFailures)
                _firstFailures.Add($"{DateTime.UtcNow:HH:mm:ss.fff} {what}: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }

    private NpgsqlCommand Command(BorrowedConnection on, string sql, object[] values)
    {
        Interlocked.Increment(ref _queries);
        var command = on.Connection.CreateCommand();
        // The application's own text; values are parameters.
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }
}
