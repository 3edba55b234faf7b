using Nebula.Rotation.Engine.Databases.MySql.Passwords;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>An admin's connection to the server that takes writes.</summary>
internal sealed class MySqlAdminConnection(DatabaseCredential credential, MySqlOpener opener, string host, MySqlSession session, IdleSessions? idle) : IAdminConnection
{
    private readonly MySqlOtherEndpoints _otherEndpoints = new(opener, credential, host);

    public string Endpoint => session.Endpoint;

    public Task LockTargetAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync(async () =>
        {
            await MySqlTargetLock.TakeAsync(session, username, cancellationToken);
            return true;
        }, cancellationToken);

    public Task<LoginSnapshot> ReadSnapshotAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync(() => Catalog.ReadAsync(username, cancellationToken), cancellationToken);

    public Task<bool> IsNameTakenAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync(() => Catalog.IsNameTakenAsync(username, cancellationToken), cancellationToken);

    public Task<Preflight> PreflightAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken) =>
        GuardAsync(async () =>
        {
            var preflight = await new MySqlPreflight(session).RunAsync(credential, source, cancellationToken);
            return _otherEndpoints.Any ? preflight with { Blockers = [.. preflight.Blockers, .. await _otherEndpoints.PreflightAsync(cancellationToken)] } : preflight;
        }, cancellationToken);

    public Task<IChangeUnit> BeginAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IChangeUnit>(new MySqlChangeUnit(session, MySqlAdminSessions.SetUp(credential)));
    }

    public Task<LoginSessions> ListSessionsAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync<LoginSessions>(async () =>
        {
            var here = await new MySqlSessions(session).ListAsync(username, cancellationToken);
            if (!_otherEndpoints.Any)
                return new(here, []);
            var elsewhere = await _otherEndpoints.ListAsync(username, cancellationToken);
            return new([.. here, .. elsewhere.Seen], elsewhere.Unasked);
        }, cancellationToken);

    public Task<EndedSessions> EndSessionsAsync(string username, TimeSpan? olderThan, CancellationToken cancellationToken) =>
        GuardAsync<EndedSessions>(async () =>
        {
            var here = await new MySqlSessions(session).EndAsync(username, olderThan, cancellationToken);
            if (!_otherEndpoints.Any)
                return new(here, []);
            var elsewhere = await _otherEndpoints.EndAsync(username, olderThan, cancellationToken);
            return elsewhere with { Count = here + elsewhere.Count };
        }, cancellationToken);

    /// <summary>By the grant tables: an account for another host cannot be logged in to from here. Each account of the login must take it.</summary>
    public Task<bool?> KnowsPasswordAsync(Login login, CancellationToken cancellationToken) =>
        GuardAsync<bool?>(async () =>
        {
            var accounts = await AccountPasswords.ReadAsync(session, login.Username, cancellationToken);
            return accounts.Count > 0 && accounts.TrueForAll(account => account.Takes(login.Password));
        }, cancellationToken);

    public Task<IReadOnlyList<string>> ListLoginNamesAsync(CancellationToken cancellationToken) =>
        GuardAsync(() => Catalog.ListNamesAsync(cancellationToken), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _otherEndpoints.DisposeAsync();
        if (idle is not null && session.IsOpen)
            await idle.LeaveAsync(opener.Key(host), opener.Username, session, session.CleanAsync);
        else
            await session.DisposeAsync();
    }

    private MySqlCatalog Catalog => new(session, MySqlOptions.RecreatesDefiners(credential));

    private async Task<T> GuardAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work();
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (MySqlErrors.IsOfDriver(e))
        {
            throw MySqlErrors.OfReading(e, session.Endpoint);
        }
    }
}
