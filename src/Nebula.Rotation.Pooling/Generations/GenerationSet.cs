using System.Runtime.CompilerServices;

namespace Nebula.Rotation.Pooling.Generations;

/// <summary>
/// What every rotating pool does: one generation is present, and is read without a lock; the next one is made and proved before it takes its place; the one
/// before drains. Follows a source.
/// </summary>
internal sealed class GenerationSet<T> : IAsyncDisposable
    where T : class
{
    private readonly ILoginSource _source;
    private readonly Func<PoolLogin, CancellationToken, Task<T>> _make;
    private readonly Func<T, CancellationToken, Task> _prove;
    private readonly RotatingPoolOptions _options;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _adopting = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly object _gate = new();
    private readonly HashSet<Task> _drains = [];

    private volatile Generation<T>? _present;

    // What the source said when it was last followed, and until when something else may be in use.
    private PoolLogin? _followed;
    private long _announcedAt;
    private Task _watch = Task.CompletedTask;
    private Task? _disposal;

    public GenerationSet(
        ILoginSource source, Func<PoolLogin, CancellationToken, Task<T>> make, Func<T, CancellationToken, Task> prove, RotatingPoolOptions options)
    {
        options.Validate();
        _source = source;
        _make = make;
        _prove = prove;
        _options = options;
        _time = options.TimeProvider;
    }

    /// <summary>The login in use.</summary>
    public PoolLogin Login => Present.Login;

    private Generation<T> Present
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _present ?? throw new ObjectDisposedException("A rotating pool");
    }

    /// <summary>Takes the first login, and follows the source from then on. A failure disposes everything.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FollowAsync(cancellationToken);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }

        if (_options.PollInterval != Timeout.InfiniteTimeSpan)
            _watch = Task.Run(() => new SourceWatcher(_options, FollowAsync, OnFailed).RunAsync(_stop.Token), CancellationToken.None);
    }

    /// <summary>Holds on to the present generation: one volatile read and one interlocked addition.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Generation<T> Hold()
    {
        while (true)
        {
            var generation = Present;
            if (generation.TryHold())
                return generation;
        }
    }

    /// <summary>Looks at the source now, and adopts what is new there.</summary>
    public async Task<PoolAdoption> FollowAsync(CancellationToken cancellationToken)
    {
        await _adopting.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            var read = await ReadAsync(cancellationToken);
            // A login that was announced is in use before the source names it: what the source still says is no news.
            if (_followed is { } followed && followed.IsSameAs(read) && _time.GetElapsedTime(_announcedAt) < _options.AnnouncementLifetime)
                return Unchanged();
            var adoption = await ReplaceAsync(read, cancellationToken);
            _followed = read;
            return adoption;
        }
        finally
        {
            _adopting.Release();
        }
    }

    /// <summary>Adopts a login that the source may not name yet.</summary>
    public async Task<PoolAdoption> AdoptAsync(PoolLogin login, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(login);
        await _adopting.WaitAsync(cancellationToken);
        try
        {
            var adoption = await ReplaceAsync(login, cancellationToken);
            _announcedAt = _time.GetTimestamp();
            return adoption;
        }
        finally
        {
            _adopting.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
            return new(_disposal ??= Task.Run(DisposeOnceAsync));
    }

    private async Task<PoolLogin> ReadAsync(CancellationToken cancellationToken)
    {
        using var limit = Limit(_options.ReadTimeout, cancellationToken);
        try
        {
            return await _source.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && !_stop.IsCancellationRequested)
        {
            throw new TimeoutException($"The source of the login did not answer within {_options.ReadTimeout.TotalSeconds:0.#} s.");
        }
    }

    private async Task<PoolAdoption> ReplaceAsync(PoolLogin login, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
        var former = _present;
        if (former is not null && former.Login.IsSameAs(login))
            return Unchanged();

        var began = _time.GetTimestamp();
        var pool = await MakeAsync(login, former, cancellationToken);
        var drained = Task.FromResult<PoolDrain?>(null);
        // From here on the new login is used.
        _present = new Generation<T>(login, pool);
        if (former is not null)
            drained = Keep(DrainAsync(former));
        var adoption = new PoolAdoption
        {
            Username = login.Username,
            PreviousUsername = former?.Login.Username,
            Version = login.Version,
            IsChanged = true,
            Duration = _time.GetElapsedTime(began),
            Drained = drained,
        };
        Tell(_options.Adopted, adoption);
        return adoption;
    }

    private async Task<T> MakeAsync(PoolLogin login, Generation<T>? former, CancellationToken cancellationToken)
    {
        using var limit = Limit(_options.ProofTimeout, cancellationToken);
        T? pool = null;
        try
        {
            pool = await MakeWithinAsync(login, limit.Token);
            await _prove(pool, limit.Token).WaitAsync(limit.Token);
            return pool;
        }
        catch (Exception exception)
        {
            if (pool is not null)
                await DisposePoolAsync(pool);
            cancellationToken.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            throw NotAdopted(login, former, exception);
        }
    }

    /// <summary>Not every client's way to connect can be stopped: what such a one brings too late is disposed.</summary>
    private async Task<T> MakeWithinAsync(PoolLogin login, CancellationToken limit)
    {
        var making = _make(login, limit);
        try
        {
            return await making.WaitAsync(limit);
        }
        catch (OperationCanceledException)
        {
            _ = making.ContinueWith(
                made => DisposePoolAsync(made.Result), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    private RotationException NotAdopted(PoolLogin login, Generation<T>? former, Exception exception)
    {
        var reason = exception is OperationCanceledException
            ? $"It took longer than {_options.ProofTimeout.TotalSeconds:0.#} s."
            : login.Redact(exception.Message);
        var text = exception.ToString();
        return new RotationException(
            RotationErrorCode.PublishFailed,
            $"The pool did not adopt '{login.Username}'. {reason}",
            former is null ? "The pool has no login yet." : $"It goes on with '{former.Login.Username}'.",
            // A cause that repeats a password stays behind.
            login.Redact(text) == text ? exception : null);
    }

    private async Task<PoolDrain?> DrainAsync(Generation<T> former)
    {
        var began = _time.GetTimestamp();
        var open = Math.Max(0, former.Holds - 1);
        former.LetGo();
        try
        {
            await former.Released.WaitAsync(_options.DrainTimeout, _time, _stop.Token);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // Bounded: who is late keeps the connection, but the pool goes.
        }

        var left = former.Holds;
        var problem = await DisposePoolAsync(former.Pool);
        return new PoolDrain(former.Login.Username, _time.GetElapsedTime(began), open, left, problem is null ? null : former.Login.Redact(problem));
    }

    private Task<PoolDrain?> Keep(Task<PoolDrain?> drain)
    {
        lock (_gate)
            _drains.Add(drain);
        _ = drain.ContinueWith(
            ended =>
            {
                lock (_gate)
                    _drains.Remove(ended);
            },
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default);
        return drain;
    }

    private async Task DisposeOnceAsync()
    {
        await _stop.CancelAsync();
        await _watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Who adopts now was told to stop.
        await _adopting.WaitAsync();
        var last = _present;
        _present = null;
        _adopting.Release();
        Task[] drains;
        lock (_gate)
            drains = [.. _drains];
        await Task.WhenAll(drains);
        if (last is not null)
        {
            last.LetGo();
            await DisposePoolAsync(last.Pool);
        }

        await _source.DisposeAsync();
        _stop.Dispose();
    }

    private PoolAdoption Unchanged() => new()
    {
        Username = Login.Username,
        PreviousUsername = Login.Username,
        Version = Login.Version,
        IsChanged = false,
        Duration = TimeSpan.Zero,
        Drained = Task.FromResult<PoolDrain?>(null),
    };

    private void OnFailed(Exception error, int failures, TimeSpan retryAfter)
    {
        if (_present is { } present)
            Tell(_options.Failed, new PoolFailure(present.Login.Username, error, failures, retryAfter));
    }

    private CancellationTokenSource Limit(TimeSpan time, CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        limit.CancelAfter(time);
        return limit;
    }

    /// <summary>What somebody else's code throws here would end the watch.</summary>
    private static void Tell<TNews>(Action<TNews>? listener, TNews news)
    {
        try
        {
            listener?.Invoke(news);
        }
        catch (Exception)
        {
            // Documented.
        }
    }

    /// <returns>What it threw, or null.</returns>
    private static async Task<string?> DisposePoolAsync(T pool)
    {
        try
        {
            if (pool is IAsyncDisposable asynchronous)
                await asynchronous.DisposeAsync();
            else
                (pool as IDisposable)?.Dispose();
            return null;
        }
        catch (Exception exception)
        {
            return exception.Message;
        }
    }
}
