using System.Collections.Concurrent;
using MongoDB.Bson;
using MongoDB.Driver;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.MongoDb;

/// <summary>
/// An application with a pool: it reads the store before each piece of work, and when the login is another one it opens a client for it and closes the
/// old one. It retries nothing, and the driver is told not to either: what fails is counted.
/// </summary>
internal sealed class MongoTraffic : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly MongoScene _scene;
    private readonly Task[] _workers;
    private readonly TimeSpan _pause;
    private int _operations;

    public MongoTraffic(MongoScene scene, int workers = 2, TimeSpan pause = default)
    {
        _pause = pause;
        _scene = scene;
        _workers = [.. Enumerable.Range(0, workers).Select(_ => Task.Run(WorkAsync))];
    }

    public int Operations => _operations;

    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Waits until more work has been done, so that a test does not measure silence.</summary>
    public async Task FlowsAsync(int operations)
    {
        var goal = _operations + operations;
        await Eventually.HoldsAsync(() => _operations >= goal || !_failures.IsEmpty, $"{operations} more operations");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
        _stop.Dispose();
    }

    private async Task WorkAsync()
    {
        MongoClient? client = null;
        var version = 0;
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                // The driver connects when it is first used.
                using var gap = _scene.Gap.Enter();
                var live = await _scene.Store.GetCurrentLoginAsync(_scene.Credential.Id, CancellationToken.None);
                if (live.Version != version)
                {
                    if (client is not null)
                        MongoScene.Close(client);
                    client = _scene.Server.Connect(live.Login, _scene.AuthSource);
                    version = live.Version;
                }

                await WorkAsync(client!);
                gap.Dispose();
                await Task.Delay(_pause);
            }
        }
        finally
        {
            if (client is not null)
                MongoScene.Close(client);
        }
    }

    private async Task WorkAsync(MongoClient client)
    {
        try
        {
            // Through a role of its own, and through one that it shares.
            await client.GetDatabase(_scene.Database).GetCollection<BsonDocument>("c").InsertOneAsync(new("x", 1));
            await _scene.FindAsync(client);
            Interlocked.Add(ref _operations, 2);
        }
        catch (Exception e) when (e is MongoException or TimeoutException)
        {
            _failures.Enqueue(e.Message);
        }
    }
}
