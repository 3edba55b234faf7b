namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>A node that we are connected to, and what it said about itself.</summary>
internal sealed class RedisNode(RedisEndpoint endpoint, RespConnection connection, IReadOnlyDictionary<string, string> info) : IAsyncDisposable
{
    public RedisEndpoint Endpoint { get; } = endpoint;

    public string Name { get; } = endpoint.ToString();

    public RespConnection Connection { get; } = connection;

    /// <summary>standalone, cluster or sentinel (Valkey calls the field server_mode).</summary>
    public string Mode { get; } = info.GetValueOrDefault("redis_mode") ?? info.GetValueOrDefault("server_mode") ?? "standalone";

    /// <summary>The server's name and version.</summary>
    public string Version { get; } = info.TryGetValue("valkey_version", out var valkey) ? $"Valkey {valkey}" : $"Redis {info.GetValueOrDefault("redis_version", "?")}";

    /// <summary>What tells a node from another that has two addresses; null when the node did not say.</summary>
    public string? RunId { get; } = info.GetValueOrDefault("run_id");

    public bool HasConfigFile { get; } = info.GetValueOrDefault("config_file") is { Length: > 0 };

    public bool IsSentinel => Mode == "sentinel";

    /// <summary>The group, as facts name it.</summary>
    public string? Group => IsSentinel ? FactKinds.Sentinels : null;

    /// <summary>True while it takes writes, as it said last.</summary>
    public bool IsPrimary { get; set; }

    /// <summary>Other addresses of the same node.</summary>
    public HashSet<RedisEndpoint> Aliases { get; } = [endpoint];

    /// <summary>Runs commands; any error reply throws.</summary>
    public async Task<IReadOnlyList<object?>> RunAsync(IReadOnlyList<IReadOnlyList<string>> commands, CancellationToken cancellationToken)
    {
        var replies = await AskAsync(commands, cancellationToken);
        for (var index = 0; index < replies.Count; index++)
        {
            if (replies[index] is RespError error)
                throw RedisErrors.OfCommand(error, Endpoint, NameOf(commands[index]));
        }

        return replies;
    }

    /// <summary>Runs commands; errors are replies.</summary>
    public async Task<IReadOnlyList<object?>> AskAsync(IReadOnlyList<IReadOnlyList<string>> commands, CancellationToken cancellationToken)
    {
        try
        {
            return await Connection.AskAsync(commands, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw RedisErrors.OfConnection(e, Endpoint);
        }
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    /// <summary>The first words, never an argument that could be secret.</summary>
    private static string NameOf(IReadOnlyList<string> command) =>
        command[0] is "ACL" or "CONFIG" or "CLIENT" or "SENTINEL" or "CLUSTER" && command.Count > 1 ? $"{command[0]} {command[1]}" : command[0];
}
