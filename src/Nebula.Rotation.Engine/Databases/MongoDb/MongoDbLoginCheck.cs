using System.Diagnostics;
using MongoDB.Bson;
using MongoDB.Driver;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>Proves a login at each server that a client may read from, over connections that are each check's own.</summary>
internal static class MongoDbLoginCheck
{
    /// <summary>Fields of hello with the members that have data and are not hidden.</summary>
    private static readonly string[] MemberLists = ["hosts", "passives"];

    /// <summary>What came of one check.</summary>
    /// <param name="Result">Null for an arbiter, which has no users and no data.</param>
    /// <param name="Members">The members of the replica set that a client may read from, as the server names them; itself included.</param>
    internal sealed record Outcome(CredentialTestResult? Result, IReadOnlyList<string> Members);

    public static async Task<IReadOnlyList<CredentialTestResult>> RunAsync(MongoDbConnector connector, string? verifyQuery, CancellationToken cancellationToken)
    {
        var credential = connector.Credential;
        IReadOnlyList<MongoDbEndpoint> seeds;
        try
        {
            seeds = MongoDbOptions.IsSrv(credential) ? await ResolveAsync(connector, cancellationToken) : MongoDbEndpoint.AllOf(credential);
        }
        catch (RotationException e)
        {
            return [Failed(Empty(credential, connector, credential.HostName[0]), e)];
        }

        var found = await AllAsync(connector, seeds, verifyQuery, cancellationToken);
        if (!MongoDbOptions.IsDirect(credential))
        {
            // Hidden members and arbiters are in neither list of hello: no client reads from them.
            var known = found.Select(outcome => outcome.Result?.Endpoint).Concat(seeds.Select(seed => seed.ToString())).ToHashSet();
            var others = found.SelectMany(outcome => outcome.Members).Distinct(StringComparer.Ordinal).Where(member => !known.Contains(member));
            var named = await AllAsync(connector, [.. others.Select(member => MongoDbEndpoint.Parse(member, credential.Port))], verifyQuery, cancellationToken);
            found = [.. found, .. named.Select(outcome => outcome with { Result = outcome.Result is null ? null : WithOrigin(outcome.Result) })];
        }

        var results = found.Select(outcome => outcome.Result).OfType<CredentialTestResult>().DistinctBy(result => result.Endpoint).ToList();
        return results.Count > 0 ? results : [Failed(Empty(credential, connector, seeds[0].ToString()), new(RotationErrorCode.ServerUnreachable, "Only arbiters answered.", "Name a member with data."))];
    }

    public static async Task<Outcome> RunAsync(
        DatabaseCredential credential, MongoDbConnector connector, MongoDbEndpoint endpoint, string? verifyQuery, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var result = Empty(credential, connector, endpoint.ToString());
        IReadOnlyList<string> members = [];
        try
        {
            var usesTls = await MongoDbTransport.ReachAsync(credential, endpoint, cancellationToken);
            await using var session = await MongoDbSession.OpenAsync(connector, endpoint, usesTls, RotationErrorCode.AuthenticationFailed, cancellationToken);
            if (session.Hello.GetValue("arbiterOnly", false).ToBoolean())
                return new(null, Members(session.Hello));
            members = Members(session.Hello);
            result = result with { Endpoint = session.Hello.TryGetValue("me", out var me) ? me.AsString : result.Endpoint };
            RequireSet(credential, result.Endpoint, session.Hello);
            result = await AskAsync(result, connector, session, verifyQuery, cancellationToken);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (RotationException e)
        {
            result = Failed(result, e);
        }

        return new(result with { Latency = Stopwatch.GetElapsedTime(started) }, members);
    }

    /// <summary>Asked here, since a check talks to one server at a time and a client with the wrong name finds none.</summary>
    private static void RequireSet(DatabaseCredential credential, string endpoint, BsonDocument hello)
    {
        if (MongoDbOptions.ReplicaSet(credential) is not { } wanted || hello.GetValue("setName", BsonNull.Value) == wanted)
            return;
        throw new RotationException(
            RotationErrorCode.InvalidArgument,
            hello.TryGetValue("setName", out var actual) ? $"{endpoint} is a member of the replica set '{actual}', not '{wanted}'." : $"{endpoint} is in no replica set, and the credential names '{wanted}'.",
            $"Correct the option {MongoDbOptions.ReplicaSetName}, or leave it out.");
    }

    private static async Task<List<Outcome>> AllAsync(MongoDbConnector connector, IReadOnlyList<MongoDbEndpoint> endpoints, string? verifyQuery, CancellationToken cancellationToken) =>
        [.. await Task.WhenAll(endpoints.Select(endpoint => RunAsync(connector.Credential, connector, endpoint, verifyQuery, cancellationToken)))];

    private static async Task<CredentialTestResult> AskAsync(
        CredentialTestResult result, MongoDbConnector connector, MongoDbSession session, string? verifyQuery, CancellationToken cancellationToken)
    {
        try
        {
            var status = await session.ReadAsync("admin", new("connectionStatus", 1), cancellationToken);
            var users = status["authInfo"]["authenticatedUsers"].AsBsonArray;
            result = result with { ServerVersion = (await session.ReadAsync("admin", new("buildInfo", 1), cancellationToken)).GetValue("version", "").ToString() };
            if (!users.Any(user => user["user"] == connector.Username && user["db"] == connector.AuthSource))
            {
                var who = users.Count == 0 ? "nobody's" : string.Join(", ", users.Select(user => $"{user["user"]}@{user["db"]}'s"));
                return result with { ErrorCode = RotationErrorCode.AuthenticationFailed, Message = $"The server says that this connection is {who}, not {connector.Username}@{connector.AuthSource}'s." };
            }

            result = result with { Message = $"Logged in as {connector.Username}." };
            if (verifyQuery is not null)
            {
                await session.ReadAsync(connector.Credential.Database, ParseQuery(verifyQuery), cancellationToken);
                result = result with { Message = result.Message + " The verify query ran." };
            }

            return result with { Succeeded = true };
        }
        catch (MongoDbCommandError e)
        {
            return result with { ErrorCode = RotationErrorCode.DatabaseError, Message = $"Logged in, but a command failed: {e.Message} ({e.Number})." };
        }
    }

    private static BsonDocument ParseQuery(string text)
    {
        try
        {
            if (BsonDocument.Parse(text) is { ElementCount: > 0 } command)
                return command;
        }
        catch (Exception e) when (e is FormatException or BsonException)
        {
            // Said below: the parser's words repeat the text.
        }

        throw new RotationException(
            RotationErrorCode.InvalidArgument, "The verify query is no command: a document in extended JSON.", "Give one such as { \"find\": \"orders\", \"limit\": 1 }; it runs in the credential's database.");
    }

    private static List<string> Members(BsonDocument hello) =>
    [
        .. from list in MemberLists
           where hello.Contains(list)
           from member in hello[list].AsBsonArray
           select member.AsString,
    ];

    /// <summary>The servers that an SRV record names, found by the driver.</summary>
    private static async Task<IReadOnlyList<MongoDbEndpoint>> ResolveAsync(MongoDbConnector connector, CancellationToken cancellationToken)
    {
        await using var session = await MongoDbSession.OpenAsync(connector, RotationErrorCode.AuthenticationFailed, cancellationToken);
        return [.. session.Servers.Select(server => MongoDbEndpoint.Of(server.EndPoint))];
    }

    private static CredentialTestResult Empty(DatabaseCredential credential, MongoDbConnector connector, string endpoint) => new()
    {
        Name = credential.Name,
        DatabaseType = DatabaseType.MongoDb,
        Endpoint = endpoint,
        Username = connector.Username,
        Succeeded = false,
        Latency = TimeSpan.Zero,
        Message = "",
    };

    /// <summary>Who named no such host must learn where it comes from.</summary>
    private static CredentialTestResult WithOrigin(CredentialTestResult result) => result.ErrorCode != RotationErrorCode.ServerUnreachable ? result : result with
    {
        Message = $"{result.Message} The replica set names this member; if its name leads nowhere from here, use -Option @{{ {MongoDbOptions.DirectConnectionName} = 'true' }}.",
    };

    private static CredentialTestResult Failed(CredentialTestResult result, RotationException error) =>
        result with { ErrorCode = error.Code, Message = error.RecommendedAction is null ? error.Message : $"{error.Message} {error.RecommendedAction}" };
}
