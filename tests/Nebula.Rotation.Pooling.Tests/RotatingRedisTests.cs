using Nebula.Rotation.Pooling.Sources;
using Nebula.Rotation.TestServers;
using StackExchange.Redis;

namespace Nebula.Rotation.Pooling.Tests;

/// <summary>A client that is shared by all who use it, on a real server.</summary>
public sealed class RotatingRedisTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Swaps_of_a_multiplexer_under_traffic_fail_no_command()
    {
        await using var server = await ServerRequirement.OrSkip(() => RedisServer.StartAsync(ct: Cancellation), Assert.Skip);
        var admin = await ConnectAsync(server, new PoolLogin(new Login(server.AdminUser, new Secret(server.AdminPassword))));
        await using var _ = admin;
        await using var client = await RotatingClient.StartAsync(
            new CallbackLoginSource(_ => new(NewLogin(admin, 0))),
            (login, _) => ConnectAsync(server, login),
            (multiplexer, _) => multiplexer.GetDatabase().PingAsync(),
            new() { PollInterval = Timeout.InfiniteTimeSpan },
            Cancellation);
        using var stop = new CancellationTokenSource();
        var commands = 0;
        var workers = Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await client.UseAsync((multiplexer, _) => multiplexer.GetDatabase().StringIncrementAsync($"counter:{worker}"));
                Interlocked.Increment(ref commands);
            }
        })).ToList();
        for (var swap = 1; swap <= 5; swap++)
        {
            var goal = Volatile.Read(ref commands) + 100;
            await Eventually.HoldsAsync(() => Volatile.Read(ref commands) >= goal || workers.Any(worker => worker.IsCompleted), "100 more commands");
            var adoption = await client.AdoptAsync(NewLogin(admin, swap), Cancellation);
            var drain = await adoption.Drained.WaitAsync(Eventually.Limit, Cancellation);
            Assert.Equal(($"app_{swap - 1}", 0, null), (drain!.Username, drain.LeftOpen, drain.Problem));
        }

        await stop.CancelAsync();
        // What failed is thrown here.
        await Task.WhenAll(workers);
        Assert.Equal("app_5", client.Username);
    }

    private static PoolLogin NewLogin(ConnectionMultiplexer admin, int number)
    {
        var login = new Login($"app_{number}", new Secret(Guid.NewGuid().ToString("N")));
        admin.GetDatabase().Execute("ACL", "SETUSER", login.Username, "reset", "on", $">{login.Password.Reveal()}", "+@all", "~*", "&*");
        return new PoolLogin(login);
    }

    private static async Task<ConnectionMultiplexer> ConnectAsync(RedisServer server, PoolLogin login) => await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
    {
        EndPoints = { { server.Host, server.Port } },
        User = login.Username,
        Password = login.Login.Password.Reveal(),
        // Of no interest here, and short enough by default to be met where the machine has other things to do.
        ConnectTimeout = (int)Eventually.Limit.TotalMilliseconds,
        AsyncTimeout = (int)Eventually.Limit.TotalMilliseconds,
        SyncTimeout = (int)Eventually.Limit.TotalMilliseconds,
    });
}
