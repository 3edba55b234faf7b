using System.Globalization;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>
/// The nodes of one deployment, found by asking those that the credential names: a server alone, a primary and its replicas (INFO replication), what
/// sentinels watch (SENTINEL MASTERS, REPLICAS, SENTINELS), or a cluster (CLUSTER NODES). Users are no matter of replication: each node has its own.
/// </summary>
/// <param name="credential">Names the first nodes.</param>
/// <param name="connector">Opens connections.</param>
/// <param name="refused">What a refused login means: an admin's is an error, the application's a finding about that node.</param>
internal sealed class RedisNodes(DatabaseCredential credential, RedisConnector connector, RotationErrorCode refused) : IAsyncDisposable
{
    private readonly List<RedisNode> _nodes = [];
    private readonly Dictionary<RedisEndpoint, RotationException> _away = [];

    /// <summary>Every node that answers.</summary>
    public IReadOnlyList<RedisNode> All => _nodes;

    public IEnumerable<RedisNode> WithData => _nodes.Where(node => !node.IsSentinel);

    public IEnumerable<RedisNode> Sentinels => _nodes.Where(node => node.IsSentinel);

    /// <summary>Nodes that somebody names and that cannot be asked, each with the reason.</summary>
    public IReadOnlyDictionary<RedisEndpoint, RotationException> Away => _away;

    /// <summary>The first node that takes writes.</summary>
    public RedisNode Primary => WithData.FirstOrDefault(node => node.IsPrimary) ?? WithData.First();

    /// <summary>Connects to what is there now, and forgets what nobody names any more. Throws when no node with data answers.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        foreach (var broken in _nodes.Where(node => !node.Connection.IsUsable).ToList())
            await ForgetAsync(broken);
        _away.Clear();
        var seeds = credential.HostName.Select(host => RedisEndpoint.Parse(host, credential.Port)).ToList();
        var (named, waiting) = (new HashSet<RedisEndpoint>(seeds), new List<RedisEndpoint>(seeds));
        while (waiting.Count > 0)
        {
            var found = await Task.WhenAll(waiting.Select(endpoint => VisitAsync(endpoint, cancellationToken)));
            foreach (var duplicate in found.SelectMany(visit => visit.Opened is { } node ? [node] : Array.Empty<RedisNode>()))
                await AddAsync(duplicate);
            waiting = [.. found.SelectMany(visit => visit.Named).Distinct().Where(named.Add)];
        }

        foreach (var node in _nodes.Where(node => !node.Aliases.Overlaps(named)).ToList())
            await ForgetAsync(node);
        if (!WithData.Any())
            throw _away.Values.FirstOrDefault() ?? new RotationException(RotationErrorCode.ServerUnreachable, $"{credential.Endpoints}: the sentinels know no server.", "Give the option ServiceName, and check `sentinel monitor`.");
    }

    /// <summary>Throws when a node cannot be asked: what is there is not known, and a login on some nodes only is none.</summary>
    public void RequireAll()
    {
        if (_away.Count == 0)
            return;
        var (endpoint, error) = _away.First();
        throw new RotationException(
            error.Code,
            error.Message,
            $"{endpoint} belongs to the deployment, and a login must be the same on every node. Bring it back; or if it is gone for good, have it forgotten (SENTINEL RESET, CLUSTER FORGET, or out of -HostName). {error.RecommendedAction}".TrimEnd());
    }

    /// <summary>The name by which a sentinel knows the deployment.</summary>
    public async Task<string?> FindServiceAsync(RedisNode sentinel, CancellationToken cancellationToken) =>
        (await SentinelService.FindAsync(sentinel, credential, cancellationToken))?.Name;

    /// <summary>A connection broke: says so, and why.</summary>
    public void SetAway(RedisNode node, RotationException reason) => _away[node.Endpoint] = reason;

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        _nodes.Clear();
    }

    /// <summary>INFO's lines.</summary>
    public static Dictionary<string, string> ReadInfo(object? reply)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in (reply as string ?? "").Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && line[0] != '#')
                fields[line[..colon]] = line[(colon + 1)..].TrimEnd('\r');
        }

        return fields;
    }

    private async Task<(RedisNode? Opened, List<RedisEndpoint> Named)> VisitAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        var known = _nodes.Find(node => node.Aliases.Contains(endpoint));
        var node = known;
        try
        {
            node ??= await OpenAsync(endpoint, cancellationToken);
            return (known is null ? node : null, await AskForOthersAsync(node, cancellationToken));
        }
        catch (RotationException e) when (e.Code is RotationErrorCode.ServerUnreachable or RotationErrorCode.AuthenticationFailed)
        {
            if (known is null && node is not null)
                await node.DisposeAsync();
            lock (_away)
                _away[endpoint] = e;
            return (null, []);
        }
    }

    private async Task<RedisNode> OpenAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        var connection = await connector.OpenAsync(endpoint, null, cancellationToken);
        try
        {
            // A refused login goes on as whoever the server takes it for; who that is decides, once it is known what the node is.
            var replies = await connection.AskAsync([["INFO"], ["ACL", "WHOAMI"]], cancellationToken);
            var info = ReadInfo(replies[0]);
            if (replies[0] is RespError denied && !denied.Is("NOPERM") && !denied.Is("NOAUTH"))
                throw RedisErrors.OfLogin(denied, endpoint, connector.Username, refused);
            if (info.TryGetValue("redis_version", out var version) && version.Split('.')[0] is { Length: 1 } major && major[0] < '6')
                throw RedisErrors.TooOld(endpoint, version);
            var node = new RedisNode(endpoint, connection, info);
            var isMe = replies[1] is RespError error ? error.Is("NOPERM") && error.Message.Contains(connector.Username, StringComparison.Ordinal) : replies[1] as string == connector.Username;
            if (replies[0] is RespError { } noInfo && noInfo.Is("NOAUTH") || (!isMe && !node.IsSentinel))
            {
                // Once more, to hear the server's reason.
                await (await connector.OpenAsync(endpoint, refused, cancellationToken)).DisposeAsync();
            }

            return node;
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw RedisErrors.OfConnecting(e, endpoint, credential);
        }
    }

    private async Task AddAsync(RedisNode node)
    {
        if (node.RunId is not null && _nodes.Find(other => other.RunId == node.RunId) is { } same)
        {
            same.Aliases.Add(node.Endpoint);
            await node.DisposeAsync();
            return;
        }

        _nodes.Add(node);
    }

    private async Task ForgetAsync(RedisNode node)
    {
        _nodes.Remove(node);
        await node.DisposeAsync();
    }

    /// <summary>A login without the right to ask hears of nobody else.</summary>
    private async Task<List<RedisEndpoint>> AskForOthersAsync(RedisNode node, CancellationToken cancellationToken)
    {
        switch (node.Mode)
        {
            case "sentinel":
                return await AskSentinelAsync(node, cancellationToken);
            case "cluster":
                var nodes = (await node.AskAsync([["CLUSTER", "NODES"]], cancellationToken))[0] as string ?? "";
                return ReadClusterNodes(node, nodes);
            default:
                var replies = await node.AskAsync([["INFO", "replication"], ["CLUSTER", "NODES"]], cancellationToken);
                var info = ReadInfo(replies[0]);
                node.IsPrimary = info.GetValueOrDefault("role") == "master";
                return [.. ReadReplication(info), .. ReadClusterNodes(node, replies[1] as string ?? "")];
        }
    }

    private static List<RedisEndpoint> ReadReplication(Dictionary<string, string> info)
    {
        var others = new List<RedisEndpoint>();
        if (info.TryGetValue("master_host", out var host) && int.TryParse(info.GetValueOrDefault("master_port"), CultureInfo.InvariantCulture, out var port))
            others.Add(new(host, port));
        foreach (var (name, value) in info.Where(field => field.Key.StartsWith("slave", StringComparison.Ordinal) && field.Key.Length > 5 && char.IsAsciiDigit(field.Key[5])))
        {
            var fields = value.Split(',').Select(part => part.Split('=', 2)).Where(part => part.Length == 2).ToDictionary(part => part[0], part => part[1]);
            if (fields.TryGetValue("ip", out var ip) && int.TryParse(fields.GetValueOrDefault("port"), CultureInfo.InvariantCulture, out var at))
                others.Add(new(ip, at));
        }

        return others;
    }

    /// <summary>Manual, "CLUSTER NODES": <c>id ip:port@cport[,hostname] flags …</c>.</summary>
    private static List<RedisEndpoint> ReadClusterNodes(RedisNode node, string text)
    {
        var others = new List<RedisEndpoint>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(' ');
            if (fields.Length < 3)
                continue;
            var flags = fields[2].Split(',');
            if (flags.Contains("myself"))
                node.IsPrimary = flags.Contains("master");
            else if (!flags.Contains("noaddr") && !flags.Contains("handshake") && ReadAddress(fields[1]) is { } endpoint)
                others.Add(endpoint);
        }

        return others;
    }

    private static RedisEndpoint? ReadAddress(string text)
    {
        var address = text.Split(',')[0].Split('@')[0];
        var colon = address.LastIndexOf(':');
        return colon > 0 && int.TryParse(address[(colon + 1)..], CultureInfo.InvariantCulture, out var port) && port > 0 ? new(address[..colon].Trim('[', ']'), port) : null;
    }

    private async Task<List<RedisEndpoint>> AskSentinelAsync(RedisNode node, CancellationToken cancellationToken)
    {
        var watched = await SentinelService.FindAsync(node, credential, cancellationToken);
        if (watched is not var (service, primary))
            return [];
        var replies = await node.AskAsync([["SENTINEL", "REPLICAS", service], ["SENTINEL", "SENTINELS", service]], cancellationToken);
        return [primary, .. replies.SelectMany(reply => (reply as List<object?> ?? []).Select(SentinelService.ReadAddress).OfType<RedisEndpoint>())];
    }
}
