using System.Diagnostics;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>Proves a login at one endpoint, over a connection of its own.</summary>
internal static class PostgreSqlLoginCheck
{
    /// <summary>The result, and whether it failed because no line of pg_hba.conf lets this login in from here, which says nothing of the login.</summary>
    public static async Task<(CredentialTestResult Result, bool HasNoRule)> RunAsync(
        DatabaseCredential credential, PostgreSqlConnector connector, string host, string? verifyQuery, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var result = new CredentialTestResult
        {
            Name = credential.Name,
            DatabaseType = DatabaseType.PostgreSql,
            Endpoint = connector.Endpoint(host),
            Username = connector.Username,
            Succeeded = false,
            Latency = TimeSpan.Zero,
            Message = "",
        };
        var hasNoRule = false;
        try
        {
            var (dataSource, connection) = await connector.OpenAsync(host, credential.Database, RotationErrorCode.AuthenticationFailed, cancellationToken);
            await using (dataSource)
            await using (connection)
                result = await AskAsync(result, connection, verifyQuery, cancellationToken);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (RotationException e)
        {
            hasNoRule = PostgreSqlErrors.HasNoRule(e);
            result = result with { ErrorCode = e.Code, Message = e.RecommendedAction is null ? e.Message : $"{e.Message} {e.RecommendedAction}" };
        }

        return (result with { Latency = Stopwatch.GetElapsedTime(started) }, hasNoRule);
    }

    private static async Task<CredentialTestResult> AskAsync(CredentialTestResult result, NpgsqlConnection connection, string? verifyQuery, CancellationToken cancellationToken)
    {
        try
        {
            await using (var who = new NpgsqlCommand("SELECT session_user::text, current_user::text, current_setting('server_version')", connection))
            await using (var row = await who.ExecuteReaderAsync(cancellationToken))
            {
                await row.ReadAsync(cancellationToken);
                var (session, current) = (row.GetString(0), row.GetString(1));
                result = result with { ServerVersion = row.GetString(2) };
                // A role's own setting may switch to another role at once; the session is what the password opened.
                if (session != result.Username)
                    return result with { ErrorCode = RotationErrorCode.AuthenticationFailed, Message = $"The server says that this session is {session}'s, not {result.Username}'s." };
                result = result with { Message = current == session ? $"Logged in as {session}." : $"Logged in as {session}, acting as {current}." };
            }

            if (verifyQuery is not null)
            {
                // The user's own query is what this is for.
#pragma warning disable CA2100
                await using var verify = new NpgsqlCommand(verifyQuery, connection);
#pragma warning restore CA2100
                await verify.ExecuteNonQueryAsync(cancellationToken);
                result = result with { Message = result.Message + " The verify query ran." };
            }

            return result with { Succeeded = true };
        }
        catch (PostgresException e)
        {
            return result with { ErrorCode = RotationErrorCode.DatabaseError, Message = $"Logged in, but a query failed: {e.MessageText} ({e.SqlState})." };
        }
        catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException)
        {
            return result with { ErrorCode = RotationErrorCode.ServerUnreachable, Message = $"The connection was lost: {e.InnerException?.Message ?? e.Message}" };
        }
    }
}
