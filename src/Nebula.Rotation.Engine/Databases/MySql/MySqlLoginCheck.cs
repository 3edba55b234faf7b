using System.Diagnostics;
using MySqlConnector;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>Proves a login at one endpoint, over a connection of its own.</summary>
internal static class MySqlLoginCheck
{
    public static async Task<CredentialTestResult> RunAsync(
        DatabaseCredential credential, MySqlOpener opener, string host, string? verifyQuery, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var result = new CredentialTestResult
        {
            Name = credential.Name,
            DatabaseType = DatabaseType.MySql,
            Endpoint = opener.Endpoint(host),
            Username = opener.Username,
            Succeeded = false,
            Latency = TimeSpan.Zero,
            Message = "",
        };
        try
        {
            await using var connection = await opener.OpenAsync(host, credential.Database, RotationErrorCode.AuthenticationFailed, cancellationToken);
            result = await AskAsync(result, connection, verifyQuery, cancellationToken);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (RotationException e)
        {
            result = result with { ErrorCode = e.Code, Message = e.RecommendedAction is null ? e.Message : $"{e.Message} {e.RecommendedAction}" };
        }

        return result with { Latency = Stopwatch.GetElapsedTime(started) };
    }

    private static async Task<CredentialTestResult> AskAsync(CredentialTestResult result, MySqlConnection connection, string? verifyQuery, CancellationToken cancellationToken)
    {
        try
        {
            await using (var who = new MySqlCommand("SELECT CURRENT_USER(), VERSION()", connection))
            await using (var row = await who.ExecuteReaderAsync(cancellationToken))
            {
                await row.ReadAsync(cancellationToken);
                var account = row.GetString(0);
                result = result with { ServerVersion = row.GetString(1) };
                // The account that the server chose: an anonymous one whose host fits better, or a proxied one, is somebody else.
                var user = account[..account.LastIndexOf('@')];
                if (user != result.Username)
                {
                    return result with
                    {
                        ErrorCode = RotationErrorCode.AuthenticationFailed,
                        Message = user.Length == 0
                            ? $"The server took this connection for the anonymous account {account}: its host fits better than those of {result.Username}. Drop that account."
                            : $"The server says that this session is {account}'s, not {result.Username}'s.",
                    };
                }

                result = result with { Message = $"Logged in as {account}." };
            }

            if (verifyQuery is not null)
            {
                // The user's own query is what this is for.
#pragma warning disable CA2100
                await using var verify = new MySqlCommand(verifyQuery, connection);
#pragma warning restore CA2100
                await verify.ExecuteNonQueryAsync(cancellationToken);
                result = result with { Message = result.Message + " The verify query ran." };
            }

            return result with { Succeeded = true };
        }
        catch (Exception e) when (MySqlErrors.IsOfDriver(e))
        {
            var error = MySqlErrors.OfStatement(e, result.Endpoint, null);
            return result with
            {
                ErrorCode = e is MySqlException { ErrorCode: (MySqlErrorCode)MySqlErrors.MustChangePassword } ? RotationErrorCode.AuthenticationFailed : error.Code,
                Message = error.Code == RotationErrorCode.DatabaseError ? $"Logged in, but a query failed: {error.Message}" : error.Message,
            };
        }
    }
}
