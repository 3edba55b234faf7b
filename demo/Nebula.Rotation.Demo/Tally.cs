using System.Data.Common;
using System.Globalization;

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
        // A count is of another width, and a truth a number, on some engines.
        return value is T expected ? expected
            : value is long or int or ulong or short or sbyte && typeof(T) != typeof(string) ? (T)Convert.ChangeType(value, typeof(T), CultureInfo.InvariantCulture)
            : throw new WrongAnswerException($"{sql}: got '{value}', which is no {typeof(T).Name}");
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

    private DbCommand Command(BorrowedConnection on, string sql, object[] values)
    {
        Interlocked.Increment(ref _queries);
        var command = on.Connection.CreateCommand();
        // The application's own text; values are parameters.
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Transaction = on.Transaction;
        foreach (var value in values)
        {
            var parameter = command.CreateParameter();
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
