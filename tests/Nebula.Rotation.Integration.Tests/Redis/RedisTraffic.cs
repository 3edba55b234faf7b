using System.Collections.Concurrent;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;
using StackExchange.Redis;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>
/// An application that follows the store: workers with the driver, one that waits in BLPOP, one that subscribes. Each connects with the login that the store
/// names, works until the store names another, connects with that one, and leaves. It retries nothing: what fails is counted.
/// </summary>
internal sealed class RedisTraffic : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly RedisScene _scene;
    private readonly List<Task> _work = [];
    private readonly TimeSpan _pause;
    private int _commands;
    private int _pops;
    private int _messages;

    public RedisTraffic(RedisScene scene, int workers = 2, TimeSpan pause = default)
    {
        _pause = pause;
        _scene = scene;
        for (var worker = 0; worker < workers; worker++)
            _work.Add(Task.Run(WorkAsync));
        _work.Add(Task.Run(PopAsync));
        _work.Add(Task.Run(SubscribeAsync));
    }

    public int Commands => _commands;

    public int Pops => _pops;

    public int Messages => _messages;

    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Waits until every kind of work has been done some more, so that a test does not measure silence.</summary>
    public async Task FlowsAsync(int commands = 20)
    {
        var (goal, pops, messages) = (_commands + commands, _pops, _messages);
        await Eventually.HoldsAsync(() => (_commands >= goal && _pops > pops && _messages > messages) || !_failures.IsEmpty, $"{commands} more commands, another pop and another message");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_work);
        _stop.Dispose();
    }

    private Task WorkAsync() => FollowAsync(async (login, gap, isCurrent) =>
    {
        await using var driver = await _scene.ConnectAsync(login);
        gap.Dispose();
        var database = driver.GetDatabase();
        while (await isCurrent())
        {
            for (var round = 0; round < 5; round++)
            {
                await database.StringSetAsync($"app:{{{round}}}:1", "x");
                Assert.Equal("x", await database.StringGetAsync($"app:{{{round}}}:1"));
                await database.StringIncrementAsync($"cache:{{{round}}}:n");
                await database.PublishAsync(RedisChannel.Literal("app.news"), "y");
                Interlocked.Add(ref _commands, 4);
            }

            await database.ListRightPushAsync("app:{queue}", "z");
            Interlocked.Increment(ref _commands);
            await Task.Delay(_pause);
        }
    });

    /// <summary>The driver has one connection for all and cannot wait in one; this one can.</summary>
    private Task PopAsync() => FollowAsync(async (login, gap, isCurrent) =>
    {
        await using var connection = await OpenAsync(login, "app:{queue}");
        gap.Dispose();
        while (await isCurrent())
        {
            if (await connection.ExecuteAsync(["BLPOP", "app:{queue}", "1"]) is object?[])
                Interlocked.Increment(ref _pops);
        }
    });

    private Task SubscribeAsync() => FollowAsync(async (login, gap, isCurrent) =>
    {
        await using var connection = await OpenAsync(login, "app:{queue}");
        gap.Dispose();
        await connection.SendAsync(["SUBSCRIBE", "app.news"]);
        for (var count = 0; count % 20 != 0 || await isCurrent(); count++)
        {
            await connection.ReadAsync(_stop.Token);
            Interlocked.Increment(ref _messages);
        }
    });

    private async Task FollowAsync(Func<Login, LoginGap.Passage, Func<Task<bool>>, Task> work)
    {
        while (!_stop.IsCancellationRequested)
        {
            using var gap = _scene.Gap.Enter();
            try
            {
                var current = await _scene.Store.GetCurrentLoginAsync(_scene.Credential.Id, CancellationToken.None);
                await work(
                    current.Login,
                    gap,
                    async () => !_stop.IsCancellationRequested && (await _scene.Store.GetCurrentLoginAsync(_scene.Credential.Id, CancellationToken.None)).Version == current.Version);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is RedisException or RedisReplyException or IOException or TimeoutException or Xunit.Sdk.XunitException)
            {
                _failures.Enqueue($"{exception.GetType().Name}: {exception.Message}");
                return;
            }
        }
    }

    /// <summary>A node that takes writes to a key.</summary>
    private async Task<RedisConnection> OpenAsync(Login login, string key)
    {
        foreach (var node in _scene.Deployment.Nodes)
        {
            var connection = await node.OpenAsync(login.Username, login.Password.Reveal());
            try
            {
                await connection.ExecuteAsync(["DEL", key + ":none"]);
                return connection;
            }
            catch (RedisReplyException exception) when (exception.Message.StartsWith("MOVED", StringComparison.Ordinal) || exception.Message.StartsWith("READONLY", StringComparison.Ordinal))
            {
                await connection.DisposeAsync();
            }
        }

        throw new RedisReplyException($"Nobody takes {key}.");
    }
}
