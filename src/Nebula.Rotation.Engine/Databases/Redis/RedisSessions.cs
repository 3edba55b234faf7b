using System.Diagnostics;
using System.Globalization;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>Watches and ends a login's sessions on every node: CLIENT LIST, CLIENT KILL. Servers' own connections follow by other means, and are not among them.</summary>
internal sealed class RedisSessions(RedisNodes nodes)
{
    /// <summary>
    /// The server counts whole seconds from a whole second, so that a session may be younger than it says by as much. Whoever waits for old sessions must not
    /// wait for a new one; whoever ends old ones ends one too many rather than one too few.
    /// </summary>
    private static readonly TimeSpan Precision = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public async Task<LoginSessions> ListAsync(string username, CancellationToken cancellationToken)
    {
        var primary = nodes.Primary;
        var seen = await Task.WhenAll(nodes.All.Select(node => ListAsync(node, username, cancellationToken)));
        if (nodes.Away.TryGetValue(primary.Endpoint, out var away))
            throw away;
        return new(
            [.. seen.SelectMany(sessions => sessions)],
            [.. nodes.Away.Select(pair => new UnaskedEndpoint(pair.Key.ToString(), pair.Value.Message))]);
    }

    /// <summary>Ends sessions by their numbers, again and again until none is left: one may be just starting.</summary>
    public async Task<EndedSessions> EndAsync(string username, TimeSpan? olderThan, Func<CancellationToken, Task> checkLease, CancellationToken cancellationToken)
    {
        var ended = new HashSet<(string?, string)>();
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var sessions = await ListAsync(username, cancellationToken);
            var left = sessions.Seen.Where(session => olderThan is null || session.Age + Precision >= olderThan).ToList();
            if (left.Count == 0)
                return new(ended.Count, sessions.Unasked);
            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new RotationException(RotationErrorCode.DatabaseError, $"{left.Count} sessions of '{username}' did not end within {Patience.TotalSeconds:0} s.", "Run Resume-NebulaRotation to try again.");
            foreach (var node in left.GroupBy(session => session.Endpoint))
            {
                await checkLease(cancellationToken);
                var at = nodes.All.First(other => other.Name == (node.Key ?? nodes.Primary.Name));
                await at.RunAsync([.. node.Select(session => (IReadOnlyList<string>)["CLIENT", "KILL", "ID", session.Id])], cancellationToken);
                ended.UnionWith(node.Select(session => (session.Endpoint, session.Id)));
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    private async Task<IEnumerable<LoginSession>> ListAsync(RedisNode node, string username, CancellationToken cancellationToken)
    {
        try
        {
            // A sentinel does not tell the time; the ages are what counts.
            var replies = await node.AskAsync([["TIME"], ["CLIENT", "LIST"]], cancellationToken);
            if (replies[1] is RespError error)
                throw RedisErrors.OfCommand(error, node.Endpoint, "CLIENT LIST");
            var now = replies[0] is List<object?> time && time is [string seconds, ..] ? DateTimeOffset.FromUnixTimeSeconds(long.Parse(seconds, CultureInfo.InvariantCulture)) : DateTimeOffset.UtcNow;
            return
            [
                .. from entry in ClientEntry.ReadAll(replies[1])
                   where entry.User == username && entry is { IsServer: false, IsOurs: false }
                   select new LoginSession(entry.Id, HostOf(entry.Address), entry.Name, now - entry.Age, entry.Age > Precision ? entry.Age - Precision : TimeSpan.Zero, entry.State)
                   {
                       Endpoint = node == nodes.Primary ? null : node.Name,
                   },
            ];
        }
        catch (RotationException e) when (e.Code == RotationErrorCode.ServerUnreachable)
        {
            nodes.SetAway(node, e);
            return [];
        }
    }

    private static string HostOf(string address) => address.LastIndexOf(':') is > 0 and var colon ? address[..colon] : address.Length > 0 ? address : "local";
}
