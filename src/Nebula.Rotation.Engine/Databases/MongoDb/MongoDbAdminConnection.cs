using System.Collections.Concurrent;
using MongoDB.Driver.Core.Servers;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>An admin's client of the servers; the one that takes changes may be another one after an election.</summary>
internal sealed class MongoDbAdminConnection : IAdminConnection
{
    private readonly ConcurrentDictionary<MongoDbEndpoint, Lazy<Task<MongoDbSession>>> _members = [];
    private readonly DatabaseCredential _credential;
    private readonly MongoDbSession _session;
    private readonly MongoDbCatalog _catalog;
    private readonly MongoDbSessions _sessions;
    private readonly MongoDbRouters _routers;
    private readonly string _authSource;
    private readonly IdleSessions? _idle;
    private Func<CancellationToken, Task> _checkLease = static _ => Task.CompletedTask;

    public MongoDbAdminConnection(DatabaseCredential credential, MongoDbSession session, IdleSessions? idle)
    {
        _credential = credential;
        _idle = idle;
        _session = session;
        _authSource = MongoDbOptions.AuthSource(credential);
        _catalog = new(session, _authSource);
        _sessions = new(session, _authSource, MemberAsync);
        _routers = new(session, MemberAsync);
    }

    public string Endpoint => _session.Endpoint.ToString();

    public Func<CancellationToken, Task> LeaseCheck
    {
        set => _checkLease = value;
    }

    /// <summary>
    /// MongoDB has no lock that lives with a connection. The name is new in each attempt, each command has a time limit on the server, and the lease is read
    /// again before each one that changes something. A runner that is stopped between that look and the command behind it can still do this one command.
    /// </summary>
    public Task LockTargetAsync(string username, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<LoginSnapshot> ReadSnapshotAsync(string username, CancellationToken cancellationToken) => GuardAsync(() => _catalog.ReadAsync(username, cancellationToken));

    public Task<bool> IsNameTakenAsync(string username, CancellationToken cancellationToken) => GuardAsync(() => _catalog.ExistsAsync(username, cancellationToken));

    public Task<IReadOnlyList<string>> ListLoginNamesAsync(CancellationToken cancellationToken) => GuardAsync(() => _catalog.ListNamesAsync(cancellationToken));

    public Task<Preflight> PreflightAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken) =>
        GuardAsync(() => new MongoDbPreflight(_session, _authSource).RunAsync(credential, source, cancellationToken));

    public Task<IChangeUnit> BeginAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IChangeUnit>(new MongoDbChangeUnit(_session, _routers, OpensAsync, _checkLease));
    }

    public Task<LoginSessions> ListSessionsAsync(string username, CancellationToken cancellationToken) => GuardAsync(() => _sessions.ListAsync(username, cancellationToken));

    public Task<EndedSessions> EndSessionsAsync(string username, TimeSpan? olderThan, CancellationToken cancellationToken) =>
        GuardAsync(async () =>
        {
            await _checkLease(cancellationToken);
            var login = await _catalog.ReadAsync(username, cancellationToken);
            var notLocked = login is { Exists: true, CanLogIn: false } ? await LockOutAsync(login, cancellationToken) : null;
            var ended = await _sessions.EndAsync(username, olderThan, cancellationToken);
            return notLocked is null ? ended : ended with { Unasked = [notLocked, .. ended.Unasked] };
        });

    /// <summary>By the keys that the server derived from the password, which an admin may see (usersInfo with showCredentials).</summary>
    public Task<bool?> KnowsPasswordAsync(Login login, CancellationToken cancellationToken) =>
        GuardAsync(async () => await _catalog.ReadCredentialsAsync(login.Username, cancellationToken) is { } credentials ? ScramKeys.Matches(credentials, login) : null);

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members.Values)
        {
            if (member.IsValueCreated && await Ended(member.Value) is { } open)
                await open.DisposeAsync();
        }

        // Commands here leave nothing behind in a connection.
        if (_idle is not null)
            await _idle.LeaveAsync(_session.Connector.Key, _session.Connector.Username, _session, static _ => ValueTask.CompletedTask);
        else
            await _session.DisposeAsync();
    }

    /// <summary>The admin's own session with one server, kept: the drain asks each again and again.</summary>
    private async Task<MongoDbSession> MemberAsync(MongoDbEndpoint endpoint, CancellationToken cancellationToken)
    {
        var member = _members.GetOrAdd(endpoint, static (at, state) => new(() => state._session.OpenOneAsync(at, state.cancellationToken)), (_session, cancellationToken));
        try
        {
            return await member.Value;
        }
        catch
        {
            _members.TryRemove(new(endpoint, member));
            throw;
        }
    }

    private async Task<UnaskedEndpoint?> LockOutAsync(LoginSnapshot login, CancellationToken cancellationToken)
    {
        try
        {
            await using var unit = await BeginAsync(cancellationToken);
            await unit.ApplyAsync([MongoDbPlanner.PlanLockOut(login)], null, cancellationToken);
            await unit.CommitAsync(cancellationToken);
            return null;
        }
        catch (RotationException e) when (e.Code != RotationErrorCode.LeaseLost)
        {
            return new(Endpoint, $"Connections of '{login.Username}' that are open keep their rights until it is dropped: {e.Message}");
        }
        catch (TransientDatabaseException e)
        {
            return new(Endpoint, $"Whether connections of '{login.Username}' that are open have lost their rights is not known: {e.Message}");
        }
    }

    private async Task<bool> OpensAsync(Login login, CancellationToken cancellationToken) =>
        await KnowsPasswordAsync(login, cancellationToken)
        ?? (await MongoDbLoginCheck.RunAsync(_credential, new(_credential, login, _authSource), _session.Endpoint, null, cancellationToken)) is { Result.Succeeded: true };

    private async Task<T> GuardAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (MongoDbCommandError e)
        {
            throw e.ToRotationException(Endpoint);
        }
    }

    private static async Task<MongoDbSession?> Ended(Task<MongoDbSession> opening)
    {
        try
        {
            return await opening;
        }
        catch (Exception e) when (e is RotationException or OperationCanceledException)
        {
            return null;
        }
    }
}
