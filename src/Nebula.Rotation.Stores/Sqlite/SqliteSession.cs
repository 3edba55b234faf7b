using System.Data.Common;
using Microsoft.Data.Sqlite;
using Nebula.Rotation.Stores.Tables;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>The connection to a file. Every statement has ended when its call returns, so the tasks that it gives are all complete.</summary>
internal sealed class SqliteSession(SqliteConnection connection) : StoreSession
{
    /// <summary>Runs a statement and gives the number of rows it changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Prepare(sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>The first column of the first row, or null.</summary>
    public object? Scalar(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Prepare(sql, parameters);
        return command.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    /// <summary>The first row, or null.</summary>
    public T? First<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
        where T : class
    {
        using var command = Prepare(sql, parameters);
        using var reader = command.ExecuteReader();
        return reader.Read() ? read(reader) : null;
    }

    /// <summary>All rows.</summary>
    public List<T> All<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Prepare(sql, parameters);
        using var reader = command.ExecuteReader();
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

    private SqliteCommand Prepare(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        // CreateCommand takes the connection's open transaction with it.
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }
}
