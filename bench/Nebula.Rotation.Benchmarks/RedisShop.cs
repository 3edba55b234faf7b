using System.Text.RegularExpressions;
using Nebula.Rotation.Benchmarks.Floors;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.Redis;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Benchmarks;

/// <summary>A Redis server, and logins with rules.</summary>
internal sealed partial class RedisShop(RedisServer server) : Shop
{
    public RedisServer Server { get; } = server;

    public override string Title => "Redis";

    public override string FloorName => "redis.json";

    public override Login Admin => new(Server.AdminUser, new(Server.AdminPassword));

    public static async Task<RedisShop> StartAsync(CancellationToken cancellationToken)
    {
        // A name that is no category of commands, so that it is found where it is meant.
        var server = await RedisServer.StartAsync(new() { AdminUser = "bench_admin" }, cancellationToken);
        var info = (await server.ExecuteAsync("INFO", "server"))?.ToString() ?? "";
        Report.Servers.Add($"Redis {info.Split('\n').FirstOrDefault(line => line.StartsWith("redis_version:", StringComparison.Ordinal))?.Split(':')[1].Trim()}");
        return new(server);
    }

    public static async Task<Shop> StartTypicalAsync(CancellationToken cancellationToken) => await StartAsync(cancellationToken);

    public override DatabaseCredential Credential(string username) => new()
    {
        Name = username,
        DatabaseType = DatabaseType.Redis,
        HostName = [Server.Host],
        Port = Server.Port,
        Database = "0",
        Username = username,
        SslMode = SslMode.Disable,
    };

    /// <summary>Ten patterns of keys, three channels, nine rules of commands.</summary>
    public override async Task<string> NewTypicalLoginAsync()
    {
        var name = NewName("app");
        await Server.ExecuteAsync(
        [
            "ACL", "SETUSER", name, "reset", "on", $">{Password}",
            .. Enumerable.Range(0, 8).Select(number => $"~sales:{number}:*"), "%R~stock:*", "%W~log:*", "&sales:*", "&stock:*", "&alerts",
            "-@all", "+@read", "+@write", "+@pubsub", "+@transaction", "+ping", "+info", "+client|setname", "-keys",
        ]);
        return name;
    }

    public override Task<string> NewVerifierAsync() => Task.FromResult(RedisDialect.Hash(new(Password)));

    public override string MaskVerifiers(string statement) => Verifier().Replace(statement, FloorNames.VerifierSlot);

    public override Recorder Record() => new(Server.Host, Server.Port, (number, seen) => new RedisConversation(number, seen));

    public override async Task<IFloorConnection> OpenAsync(string user, string database) => await RedisFloorConnection.OpenAsync(Server.Host, Server.Port, PasswordOf(user));

    public override ValueTask DisposeAsync() => Server.DisposeAsync();

    [GeneratedRegex("(?<=[#!])[0-9a-f]{64}")]
    private static partial Regex Verifier();
}
