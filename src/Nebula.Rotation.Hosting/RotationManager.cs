using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Nebula.Rotation.Pooling;

namespace Nebula.Rotation.Hosting;

/// <summary>
/// Rotates the logins of a store's databases from a .NET host: one, all, or those that are due. Pools of this process that are attached adopt the new
/// login before the store names it, and fail the rotation if they cannot, before anybody was cut off.
/// </summary>
public sealed class RotationManager : IAsyncDisposable
{
    private readonly RotationHostingOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _opening = new(1);
    private readonly ConcurrentDictionary<string, List<IRotatingPool>> _pools = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, (int Failures, DateTimeOffset Until)> _pauses = new(StringComparer.OrdinalIgnoreCase);
    private IRotationService? _service;

    /// <summary>Nothing is opened yet.</summary>
    public RotationManager(RotationHostingOptions options, ILogger<RotationManager> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _logger = logger;
        _time = options.TimeProvider;
    }

    /// <summary>How often it is to be asked for what is due.</summary>
    public TimeSpan CheckInterval => _options.CheckInterval;

    /// <summary>
    /// Stores a database's credential, after its login has logged in; one that is stored already is given back as it is, so that a host can do this at
    /// each start.
    /// </summary>
    /// <exception cref="RotationException">It could not be stored. Nothing was.</exception>
    public async Task<DatabaseCredential> RegisterAsync(NewCredential database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var service = await OpenAsync(cancellationToken);
        if (await FindAsync(service, database.Credential.Name, cancellationToken) is { } known)
            return known;
        var credential = database.Credential;
        return await service.AddAsync(
            new NewCredential
            {
                Credential = credential with { Scope = _options.Scope, RotationInterval = credential.RotationInterval ?? (credential.Schedule is null ? _options.Every : null) },
                Login = database.Login,
                Admin = database.Admin,
                SkipCheck = database.SkipCheck,
            },
            cancellationToken);
    }

    /// <summary>Lets a pool of this process take part in the rotations of a credential.</summary>
    /// <returns>Ends that when it is disposed.</returns>
    public IDisposable Attach(string name, IRotatingPool pool)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(pool);
        var pools = _pools.GetOrAdd(name, _ => []);
        lock (pools)
            pools.Add(pool);
        return new Attachment(pools, pool);
    }

    /// <summary>The credentials that this host rotates.</summary>
    public async Task<IReadOnlyList<DatabaseCredential>> ListAsync(CancellationToken cancellationToken) =>
        await (await OpenAsync(cancellationToken)).FindAsync(Filter, cancellationToken);

    /// <summary>Rotates one now, or finishes the record that an earlier run left open.</summary>
    /// <param name="name">The credential's name.</param>
    /// <param name="stop">Asks to stop at the next safe point; the task ends when nothing more will be touched.</param>
    /// <exception cref="RotationException">It failed; which login is live is said.</exception>
    public async Task<RotationOutcome> RotateAsync(string name, CancellationToken stop)
    {
        var service = await OpenAsync(stop);
        var credential = await FindAsync(service, name, stop) ?? throw new RotationException(
            RotationErrorCode.CredentialNotFound, $"The store has no credential '{name}' in scope '{_options.Scope}'.", "Register it first.");
        var outcome = await RunAsync(credential, (request, observer) => service.RotateAsync(request, observer, stop), isResumed: false);
        return outcome.Error is { } error ? throw error : outcome;
    }

    /// <summary>Rotates all that are not on hold, one after another; one that fails keeps no other from its turn.</summary>
    public async Task<IReadOnlyList<RotationOutcome>> RotateAllAsync(CancellationToken stop) =>
        await RotateAsync(await ListAsync(stop), stop);

    /// <summary>
    /// What a host does regularly: finishes what earlier runs left open, ends retentions whose time is over, and rotates what is due by its interval or schedule, in its maintenance window. One that failed waits
    /// before it is tried again.
    /// </summary>
    public async Task<IReadOnlyList<RotationOutcome>> RotateDueAsync(CancellationToken stop)
    {
        var service = await OpenAsync(stop);
        var outcomes = new List<RotationOutcome>();
        foreach (var due in await service.FindDueAsync(Filter, stop))
        {
            if (IsPaused(due.Credential.Name))
                continue;
            stop.ThrowIfCancellationRequested();
            outcomes.Add(await RunAsync(due.Credential, (request, observer) => due.Action == DueAction.Finish
                ? service.ResumeAsync(With(request, due.RotationId), observer, stop)
                : service.RotateAsync(request, observer, stop), isResumed: due.Action == DueAction.Finish));
        }

        if (_options.Every is { } every)
        {
            var now = _time.GetUtcNow();
            var known = outcomes.Select(outcome => outcome.Credential).ToHashSet(StringComparer.OrdinalIgnoreCase);
            var without = (await ListAsync(stop)).Where(credential =>
                credential is { RotationInterval: null, Schedule: null }
                && credential.LastRotatedAt + every <= now
                && !known.Contains(credential.Name)
                && !IsPaused(credential.Name));
            outcomes.AddRange(await RotateAsync(without, stop));
        }

        return outcomes;
    }

    /// <summary>Closes the store.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_service is { } service)
            await service.DisposeAsync();
        _service = null;
        _opening.Dispose();
    }

    private CredentialFilter Filter => new() { Names = _options.Names, Scope = _options.Scope };

    private bool IsPaused(string name) => _pauses.TryGetValue(name, out var pause) && pause.Until > _time.GetUtcNow();

    private async Task<List<RotationOutcome>> RotateAsync(IEnumerable<DatabaseCredential> credentials, CancellationToken stop)
    {
        var service = await OpenAsync(stop);
        var outcomes = new List<RotationOutcome>();
        foreach (var credential in credentials.Where(credential => credential.HoldReason is null))
        {
            stop.ThrowIfCancellationRequested();
            outcomes.Add(await RunAsync(credential, (request, observer) => service.RotateAsync(request, observer, stop), isResumed: false));
        }

        return outcomes;
    }

    private async Task<RotationOutcome> RunAsync(
        DatabaseCredential credential, Func<RotationRequest, IRotationObserver, Task<RotationRecord>> work, bool isResumed)
    {
        var publisher = new PoolPublisher(PoolsOf(credential.Name), new RotationLog(_logger, credential.Name) { Publishes = isResumed });
        try
        {
            var record = await work(_options.Request?.Invoke(credential) ?? new RotationRequest { Name = credential.Name, Scope = credential.Scope }, publisher);
            _pauses.TryRemove(credential.Name, out _);
            _ = LogDrainsAsync(credential.Name, publisher.Adoptions);
            return new RotationOutcome { Credential = credential.Name, Record = record, Adoptions = publisher.Adoptions };
        }
        catch (RotationException exception)
        {
            Note(credential.Name, exception);
            return new RotationOutcome { Credential = credential.Name, Error = exception, Adoptions = publisher.Adoptions };
        }
    }

    private void Note(string name, RotationException exception)
    {
        if (exception.Code is RotationErrorCode.LeaseHeld or RotationErrorCode.Stopped)
        {
            // Another runner is at it, or we were asked to stop: no failure of the credential's.
            RotationLog.PutOff(_logger, name, exception.Message);
            return;
        }

        var failures = _pauses.TryGetValue(name, out var before) ? before.Failures + 1 : 1;
        var pause = _options.RetryAfter * (1L << Math.Min(failures - 1, 20));
        if (pause > _options.MaxRetryAfter)
            pause = _options.MaxRetryAfter;
        _pauses[name] = (failures, _time.GetUtcNow() + pause);
        RotationLog.Failed(_logger, name, exception.Code, exception.Message, exception.RecommendedAction ?? "", pause);
    }

    private async Task LogDrainsAsync(string name, IReadOnlyList<PoolAdoption> adoptions)
    {
        foreach (var adoption in adoptions)
        {
            if (await adoption.Drained is { } drain)
                RotationLog.Drained(_logger, name, drain.Username, drain.Duration, drain.LeftOpen);
        }
    }

    private IReadOnlyList<IRotatingPool> PoolsOf(string name)
    {
        if (!_pools.TryGetValue(name, out var pools))
            return [];
        lock (pools)
            return [.. pools];
    }

    private async Task<DatabaseCredential?> FindAsync(IRotationService service, string name, CancellationToken cancellationToken) =>
        // Not by a filter: a name may hold what is a wildcard there.
        (await service.FindAsync(new CredentialFilter { Scope = _options.Scope }, cancellationToken))
        .FirstOrDefault(credential => credential.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private async Task<IRotationService> OpenAsync(CancellationToken cancellationToken)
    {
        if (_service is { } opened)
            return opened;
        await _opening.WaitAsync(cancellationToken);
        try
        {
            return _service ??= await RotationServices.OpenAsync(
                new RotationServiceOptions { Store = _options.Store, CreateIfMissing = _options.CreateStoreIfMissing }, cancellationToken);
        }
        finally
        {
            _opening.Release();
        }
    }

    private static RotationRequest With(RotationRequest request, Guid? rotationId) => new()
    {
        Name = request.Name,
        Scope = request.Scope,
        RotationId = rotationId,
        Admin = request.Admin,
        GracePeriod = request.GracePeriod,
        DrainTimeout = request.DrainTimeout,
        OnDrainTimeout = request.OnDrainTimeout,
        NoWait = request.NoWait,
    };

    private sealed class Attachment(List<IRotatingPool> pools, IRotatingPool pool) : IDisposable
    {
        public void Dispose()
        {
            lock (pools)
                pools.Remove(pool);
        }
    }
}
