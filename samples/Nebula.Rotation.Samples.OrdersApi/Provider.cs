using System.Data.Common;
using MySqlConnector;
using Nebula.Rotation.Pooling;
using Npgsql;

namespace Nebula.Rotation.Samples.OrdersApi;

/// <summary>The one place that knows which database it is.</summary>
internal static class Provider
{
    public const int PoolSize = 8;

    /// <summary>The provider's data source for a login.</summary>
    public static DbDataSource Open(PoolLogin login)
    {
        var credential = login.Credential ?? throw new InvalidOperationException("The store says where a login leads.");
        return credential.DatabaseType switch
        {
            DatabaseType.PostgreSql => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
            {
                Host = string.Join(',', credential.HostName),
                Port = credential.Port,
                Database = credential.Database,
                Username = login.Username,
                Password = login.Login.Password.Reveal(),
                MaxPoolSize = PoolSize,
                ApplicationName = "orders-api",
            }),
            DatabaseType.MySql => new MySqlDataSource(new MySqlConnectionStringBuilder
            {
                Server = string.Join(',', credential.HostName),
                Port = (uint)credential.Port,
                Database = credential.Database,
                UserID = login.Username,
                Password = login.Login.Password.Reveal(),
                MaximumPoolSize = PoolSize,
                ApplicationName = "orders-api",
                // Right where nobody is between, as on one machine; use TLS elsewhere.
                AllowPublicKeyRetrieval = credential.HostName is ["127.0.0.1"],
            }.ConnectionString),
            _ => throw new NotSupportedException($"The sample has no {credential.DatabaseType} in it."),
        };
    }

    /// <summary>A command of the application's own text; values are parameters.</summary>
    public static DbCommand CreateCommand(this DbConnection connection, string sql, DbTransaction? transaction = null)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts of Program.cs.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Transaction = transaction;
        return command;
    }

    /// <summary>Gives a parameter its value.</summary>
    public static void Add(this DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
    }
}
