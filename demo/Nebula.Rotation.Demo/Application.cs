using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Demo;

/// <summary>The application: its pools, its workers, and those of its consumers that make a rotation hard.</summary>
internal sealed class Application : IAsyncDisposable
{
    private const int Connections = 8;
    private const int LateConnections = 2;

    private static readonly TimeSpan FollowTimeout = TimeSpan.FromMinutes(1);

    private readonly Tally _tally = new();
    private readonly RotatingPool _pool;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private readonly ShopSql _sql;
    private readonly ICredentialStore _store;
    private readonly string _credentialName;
    private readonly TimeSpan _lateness;
    private readonly RotatingPool? _latePool;

    // What goes with one rotation.
    private int _turn;
    private CancellationTokenSource _turnStop = new();
    private Task _longTransaction = Task.CompletedTask;
    private Task _making = Task.CompletedTask;
    private TableMaker? _maker;
    private TableMaker? _formerMaker;

    private Application(IShop shop, ICredentialStore store, string credentialName, TimeSpan lateness)
    {
        _sql = shop.Sql;
        _pool = new RotatingPool(shop, "shop", Connections);
        _store = store;
        _credentialName = credentialName;
        _lateness = lateness;
        _latePool = lateness > TimeSpan.Zero ? new RotatingPool(shop, "shop (late)", LateConnections) : null;
    }

    public Tally Tally => _tally;

    /// <summary>The login in use.</summary>
    public string Username => _pool.Username;

    /// <summary>Takes the login from the store, and lets the traffic begin.</summary>
    /// <param name="shop">The database.</param>
    /// <param name="store">Owned by the application from now on.</param>
    /// <param name="credentialName">The credential to follow.</param>
    /// <param name="lateness">How late one consumer follows a new login; zero for no such consumer.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<Application> StartAsync(
        IShop shop, ICredentialStore store, string credentialName, TimeSpan lateness, CancellationToken cancellationToken)
    {
        var application = new Application(shop, store, credentialName, lateness);
        await application.StartAsync(application._pool, TimeSpan.Zero, 1, Connections, cancellationToken);
        if (application._latePool is { } latePool)
            await application.StartAsync(latePool, lateness, 1 + Connections, LateConnections, cancellationToken);
        return application;
    }

    /// <summary>A rotation is about to begin: starts what has to be under way by then.</summary>
    public async Task BeginTurnAsync(TimeSpan longTransaction)
    {
        _turn++;
        _turnStop.Dispose();
        _turnStop = new CancellationTokenSource();
        if (longTransaction > TimeSpan.Zero)
        {
            var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _longTransaction = CountFailureAsync(
                "the long transaction", token => LongTransaction.RunAsync(_sql, _pool, longTransaction, _tally, begun.SetResult, token));
            await Task.WhenAny(begun.Task, _longTransaction);
        }

        // Without a consumer that stays with the old login for a while, nobody is left to make a table with it.
        if (_latePool is not null)
        {
            var (maker, before) = (new TableMaker(_sql, _pool, _latePool, _turn, _tally), Username);
            (_formerMaker, _maker) = (_maker, maker);
            _making = CountFailureAsync("making tables meanwhile", token => maker.MakeAsync(before, token));
        }
    }

    /// <summary>The rotation has ended: waits for those who are late, and looks whether the live login has all that was made meanwhile.</summary>
    public async Task EndTurnAsync()
    {
        await _longTransaction;
        await CountFailureAsync("following the store", FollowedAsync);
        _turnStop.CancelAfter(FollowTimeout);
        await _making;
        foreach (var maker in new[] { _formerMaker, _maker })
        {
            if (maker is not null)
                await CountFailureAsync("using what was made meanwhile", token => maker.ProveAsync(_turn, token));
        }

        // Kept for one more turn: what a rotation has moved, an undo has to move back.
        if (_formerMaker is { } former)
            await CountFailureAsync("removing what was made meanwhile", former.RemoveAsync);
        _formerMaker = null;
    }

    /// <summary>Lets everybody finish what they are at; no query is cut off.</summary>
    public async Task StopAsync()
    {
        if (_maker is { } maker)
            await CountFailureAsync("removing what was made meanwhile", maker.RemoveAsync);
        _maker = null;
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await _turnStop.CancelAsync();
        await _stop.CancelAsync();
        await Task.WhenAll([_longTransaction, _making, .. _running]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _pool.DisposeAsync();
        if (_latePool is not null)
            await _latePool.DisposeAsync();
        await _store.DisposeAsync();
        _turnStop.Dispose();
        _stop.Dispose();
    }

    private async Task StartAsync(RotatingPool pool, TimeSpan lateness, int firstProduct, int workers, CancellationToken cancellationToken)
    {
        var follower = new StoreFollower(_store, _credentialName, pool, _tally) { Lateness = lateness };
        await follower.BeginAsync(cancellationToken);
        _running.Add(follower.RunAsync(_stop.Token));
        // Each worker sells a product of its own, so that workers do not wait for one another.
        _running.AddRange(Enumerable.Range(firstProduct, workers).Select(product => new OrderWorker(_sql, pool, product, _tally).RunAsync(_stop.Token)));
    }

    private async Task FollowedAsync(CancellationToken cancellationToken)
    {
        var deadline = DateTime.UtcNow + _lateness + FollowTimeout;
        while (true)
        {
            var live = (await _store.FindAsync(_credentialName, DatabaseCredential.DefaultScope, cancellationToken))?.Username;
            if (_pool.Username == live && (_latePool is null || _latePool.Username == live))
                return;
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException($"not every consumer uses '{live}'");
            await Task.Delay(50, cancellationToken);
        }
    }

    private async Task CountFailureAsync(string what, Func<CancellationToken, Task> work)
    {
        try
        {
            await work(_turnStop.Token);
        }
        catch (Exception exception)
        {
            _tally.Fail(what, exception);
        }
    }
}
