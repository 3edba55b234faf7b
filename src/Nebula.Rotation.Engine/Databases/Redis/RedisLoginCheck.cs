using System.Diagnostics;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>Proves a login at one node, over a connection of its own. AUTH's own reply is what counts: a node may let anybody in without.</summary>
internal sealed class RedisLoginCheck(DatabaseCredential credential, Login login, string? verifyQuery)
{
    private readonly RedisConnector _connector = new(credential, login);

    public async Task<CredentialTestResult> RunAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var result = new CredentialTestResult
        {
            Name = credential.Name,
            DatabaseType = DatabaseType.Redis,
            Endpoint = endpoint.ToString(),
            Username = login.Username,
            Succeeded = false,
            Latency = TimeSpan.Zero,
            Message = "",
        };
        try
        {
            await using var connection = await _connector.OpenAsync(endpoint, RotationErrorCode.AuthenticationFailed, cancellationToken);
            result = await AskAsync(result, endpoint, connection, cancellationToken);
        }
        catch (RotationException e)
        {
            result = result with { ErrorCode = e.Code, Message = e.RecommendedAction is null ? e.Message : $"{e.Message} {e.RecommendedAction}" };
        }

        return result with { Latency = Stopwatch.GetElapsedTime(started) };
    }

    private async Task<CredentialTestResult> AskAsync(CredentialTestResult result, RedisEndpoint endpoint, RespConnection connection, CancellationToken cancellationToken)
    {
        IReadOnlyList<object?> replies;
        try
        {
            replies = await connection.AskAsync([["ACL", "WHOAMI"], ["PING"], ["INFO", "server"], ["INFO", "replication"]], cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw RedisErrors.OfConnection(e, endpoint);
        }

        // A login need not be allowed to ask who it is, or anything else; AUTH has let it in.
        if (replies[0] is string who && who != login.Username)
            return result with { ErrorCode = RotationErrorCode.AuthenticationFailed, Message = $"The server says that this session is {who}'s, not {login.Username}'s." };
        if (replies[1] is RespError error && !error.Is("NOPERM") && !error.Is("READONLY") && !error.Is("MASTERDOWN"))
            return result with { ErrorCode = RotationErrorCode.DatabaseError, Message = $"Logged in, but PING failed: {error.Message}" };
        var info = RedisNodes.ReadInfo(replies[2]);
        result = result with
        {
            ServerVersion = info.GetValueOrDefault("valkey_version") ?? info.GetValueOrDefault("redis_version"),
            Message = $"Logged in as {login.Username}.",
        };
        // A query is for a node that takes writes.
        return verifyQuery is null || RedisNodes.ReadInfo(replies[3]).GetValueOrDefault("role") == "slave"
            ? result with { Succeeded = true }
            : await VerifyAsync(result, connection, cancellationToken);
    }

    private async Task<CredentialTestResult> VerifyAsync(CredentialTestResult result, RespConnection connection, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> words;
        try
        {
            words = RedisDialect.Split(verifyQuery!);
        }
        catch (FormatException e)
        {
            return result with { ErrorCode = RotationErrorCode.InvalidArgument, Message = $"The verify query cannot be read: {e.Message}" };
        }

        if (words.Count == 0)
            return result with { Succeeded = true };
        var reply = await connection.AskAsync(words, cancellationToken);
        return reply switch
        {
            // The key is another node's, which is asked too; and a replica that may not say so has nothing to write.
            RespError error when error.Is("MOVED") || error.Is("READONLY") => result with { Succeeded = true },
            RespError error => result with { ErrorCode = RotationErrorCode.DatabaseError, Message = $"Logged in, but the verify query failed: {error.Message}" },
            _ => result with { Succeeded = true, Message = result.Message + " The verify query ran." },
        };
    }
}
