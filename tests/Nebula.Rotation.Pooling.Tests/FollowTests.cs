using System.Collections.Concurrent;
using Nebula.Rotation.Pooling.Sources;

namespace Nebula.Rotation.Pooling.Tests;

/// <summary>How a pool follows its source: no server needed, the pool is a text.</summary>
public sealed class FollowTests
{
    private readonly ManualTime _time = new();
    private readonly ConcurrentQueue<PoolFailure> _failures = [];
    private volatile Func<PoolLogin> _source = () => Named("one");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_source_names_next_is_adopted_at_the_next_look()
    {
        await using var client = await StartAsync();
        _source = () => Named("two");
        await _time.RingAsync();
        await Eventually.HoldsAsync(() => client.Username == "two", "the second login");
        Assert.Empty(_failures);
    }

    [Fact]
    public async Task Pauses_double_while_looks_fail_up_to_the_longest_and_are_short_again_after_one_that_did_not()
    {
        await using var client = await StartAsync();
        _source = () => throw new IOException("the source is away");
        for (var look = 0; look < 6; look++)
            await _time.RingAsync();
        await Eventually.HoldsAsync(() => _failures.Count == 6, "six failures");
        _source = () => Named("two");
        await _time.RingAsync();
        await Eventually.HoldsAsync(() => client.Username == "two" && _time.Pauses.Count == 8, "the second login, and a pause");

        // Seconds; a pause is up to a tenth shorter than that.
        int[] expected = [1, 2, 4, 8, 10, 10, 10, 1];
        Assert.All(_time.Pauses.Zip(expected), pause => Assert.InRange(pause.First.TotalSeconds, pause.Second * 0.9, pause.Second));
        Assert.Equal([1, 2, 3, 4, 5, 6], _failures.Select(failure => failure.Failures));
        Assert.All(_failures, failure => Assert.Equal("one", failure.Username));
    }

    [Fact]
    public async Task A_login_that_cannot_be_proved_is_tried_again_and_the_old_one_serves_meanwhile()
    {
        var isBroken = true;
        await using var client = await StartAsync(name => isBroken && name == "two" ? throw new IOException($"refused: secret of {name}") : Task.CompletedTask);
        _source = () => Named("two");
        await _time.RingAsync();
        await Eventually.HoldsAsync(() => _failures.Count == 1, "a failure");
        Assert.Equal("one", client.Username);
        Assert.True(_failures.TryPeek(out var failure));
        Assert.IsType<RotationException>(failure.Error);
        Assert.DoesNotContain("secret of", failure.Error.ToString(), StringComparison.Ordinal);
        isBroken = false;
        await _time.RingAsync();
        await Eventually.HoldsAsync(() => client.Username == "two", "the second login");
    }

    [Fact]
    public async Task A_login_that_a_rotation_announces_is_kept_until_the_source_names_it()
    {
        await using var client = await StartAsync();
        await client.AdoptAsync(Named("two"), Cancellation);
        Assert.False((await client.RefreshAsync(Cancellation)).IsChanged);
        Assert.Equal("two", client.Username);
        _source = () => Named("two");
        Assert.False((await client.RefreshAsync(Cancellation)).IsChanged);
        // From now on the source is what counts, however much time has gone by.
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False((await client.RefreshAsync(Cancellation)).IsChanged);
        Assert.Equal("two", client.Username);
    }

    [Fact]
    public async Task A_login_that_was_announced_and_never_came_is_given_up()
    {
        await using var client = await StartAsync();
        await client.AdoptAsync(Named("two"), Cancellation);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.True((await client.RefreshAsync(Cancellation)).IsChanged);
        Assert.Equal("one", client.Username);
    }

    [Fact]
    public async Task A_login_that_is_taken_back_is_let_go_by_all_who_hold_it_before_the_rotation_goes_on()
    {
        await using var client = await StartAsync();
        await client.AdoptAsync(Named("two"), Cancellation);
        var held = client.Rent();
        var back = new PoolPublisher([client]).PublishAsync(TakenBack("one"), Cancellation);
        await Eventually.HoldsAsync(() => client.Username == "one", "the first login again");

        await Assert.ThrowsAsync<TimeoutException>(() => back.WaitAsync(TimeSpan.FromMilliseconds(100), Cancellation));
        held.Dispose();

        await back.WaitAsync(Eventually.Limit, Cancellation);
    }

    [Fact]
    public async Task A_client_is_disposed_when_the_last_who_rented_it_is_done()
    {
        var disposed = new ConcurrentQueue<string>();
        await using var client = await RotatingClient.StartAsync(
            new CallbackLoginSource(_ => new(_source())),
            (login, _) => Task.FromResult(new Pool(login.Username, disposed)),
            (_, _) => Task.CompletedTask,
            Options(),
            Cancellation);
        var first = client.Rent();
        var second = client.Rent();
        var adoption = await client.AdoptAsync(Named("two"), Cancellation);
        Assert.Equal("one", first.Client.Name);
        Assert.Equal("two", await client.UseAsync((pool, _) => Task.FromResult(pool.Name), Cancellation));
        first.Dispose();
        first.Dispose();
        Assert.Empty(disposed);
        second.Dispose();
        var drain = await adoption.Drained.WaitAsync(Eventually.Limit, Cancellation);
        Assert.Equal((2, 0), (drain!.OpenAtSwap, drain.LeftOpen));
        Assert.Equal(["one"], disposed);
    }

    [Fact]
    public async Task Whoever_holds_on_while_pools_are_replaced_never_has_one_that_is_gone()
    {
        var disposed = new ConcurrentQueue<string>();
        await using var client = await RotatingClient.StartAsync(
            new CallbackLoginSource(_ => new(_source())),
            (login, _) => Task.FromResult(new Pool(login.Username, disposed)),
            (_, _) => Task.CompletedTask,
            Options(),
            Cancellation);
        using var stop = new CancellationTokenSource();
        var gone = 0;
        var renters = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var rented = client.Rent();
                if (rented.Client.IsDisposed)
                    Interlocked.Increment(ref gone);
            }
        })).ToList();
        for (var swap = 0; swap < 2000; swap++)
            await client.AdoptAsync(Named($"login {swap}"), Cancellation);
        await stop.CancelAsync();
        await Task.WhenAll(renters);
        Assert.Equal(0, gone);
        await Eventually.HoldsAsync(() => disposed.Count == 2000, "every pool but the last is gone");
    }

    [Fact]
    public async Task A_start_without_a_login_says_why_and_leaves_nothing()
    {
        _source = () => throw new RotationException(RotationErrorCode.CredentialNotFound, "There is none.");
        var error = await Assert.ThrowsAsync<RotationException>(() => StartAsync());
        Assert.Equal(RotationErrorCode.CredentialNotFound, error.Code);
        Assert.Empty(_time.Pauses);
    }

    private static PoolLogin Named(string name) => new(new Login(name, new Secret($"secret of {name}")));

    private static PublishContext TakenBack(string name) => new()
    {
        RotationId = Guid.NewGuid(),
        Credential = new DatabaseCredential { Name = "app", DatabaseType = DatabaseType.PostgreSql, HostName = ["db"], Port = 5432, Database = "shop", Username = name },
        Login = Named(name).Login,
        PreviousUsername = "two",
        IsRollback = true,
    };

    private RotatingPoolOptions Options() => new()
    {
        PollInterval = TimeSpan.FromSeconds(1),
        MaxBackOff = TimeSpan.FromSeconds(10),
        // Of the tests that count pauses: what waits for a drain asks the same clock.
        DrainTimeout = Timeout.InfiniteTimeSpan,
        Failed = _failures.Enqueue,
        TimeProvider = _time,
    };

    private Task<RotatingClient<string>> StartAsync(Func<string, Task>? prove = null) => RotatingClient.StartAsync(
        new CallbackLoginSource(_ => new(_source())),
        (login, _) => Task.FromResult(login.Username),
        (client, _) => prove?.Invoke(client) ?? Task.CompletedTask,
        Options(),
        Cancellation);

    private sealed class Pool(string name, ConcurrentQueue<string> disposed) : IDisposable
    {
        private int _isDisposed;

        public string Name => name;

        public bool IsDisposed => Volatile.Read(ref _isDisposed) == 1;

        public void Dispose()
        {
            Volatile.Write(ref _isDisposed, 1);
            disposed.Enqueue(name);
        }
    }
}
