using System.Data.Common;
using Microsoft.Data.Sqlite;
using Nebula.Rotation.Stores.Tables;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>
/// The connection to a file. Every statement has ended when its call returns, so the tasks that it gives are all complete. Statements are compiled once: a rotation
/// runs the same few some hundred times, and compiling them would take as long as running them.
/// </summary>
internal sealed class SqliteSession(SqliteConnection connection) : StoreSession
{
    /// <summary>More than a store has. They are closed with the connection.</summary>
    private const int MostPrepared = 128;

    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

    /// <summary>Runs a statement and gives the number of rows it changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var statement = Take(sql, parameters);
        return statement.Command.ExecuteNonQuery();
    }

    /// <summary>The first column of the first row, or null.</summary>
    public object? Scalar(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var statement = Take(sql, parameters);
        return statement.Command.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    /// <summary>The first row, or null.</summary>
    public T? First<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
        where T : class
    {
        using var statement = Take(sql, parameters);
        using var reader = statement.Command.ExecuteReader();
        return reader.Read() ? read(reader) : null;
    }

    /// <summary>All rows.</summary>
    public List<T> All<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var statement = Take(sql, parameters);
        using var reader = statement.Command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    public override Task<int> ExecuteAsync(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) => Task.FromResult(Execute(sql, parameters));

    public override Task SendAsync(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) => ExecuteAsync(sql, parameters);

    public override Task<object?> ScalarAsync(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) => Task.FromResult(Scalar(sql, parameters));

    public override Task<T?> FirstAsync<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
        where T : class => Task.FromResult(First(sql, read, parameters));

    public override Task<List<T>> AllAsync<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Task.FromResult(All(sql, read, parameters));

    public override bool IsNotUnique(DbException exception) => exception is SqliteException { SqliteExtendedErrorCode: SqliteErrors.NotUnique };

    /// <summary>A statement that is in use is nobody else's: what reads may ask the same again in the midst of it.</summary>
    private Statement Take(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        SqliteCommand? command;
        lock (_prepared)
            _prepared.Remove(sql, out command);
        if (command is null)
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
        }

        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return new(this, command);
    }

    private void GiveBack(SqliteCommand command)
    {
        command.Parameters.Clear();
        lock (_prepared)
        {
            if (_prepared.Count < MostPrepared && _prepared.TryAdd(command.CommandText, command))
                return;
        }

        command.Dispose();
    }

    private readonly struct Statement(SqliteSession session, SqliteCommand command) : IDisposable
    {
        public SqliteCommand Command => command;

        public void Dispose() => session.GiveBack(command);
    }
}
