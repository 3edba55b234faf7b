using Nebula.Rotation.Engine.Snapshots;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>An admin's connection to the server that takes writes, in the credential's database; others are opened when a statement asks for one.</summary>
internal sealed class PostgreSqlAdminConnection(DatabaseCredential credential, PostgreSqlConnector connector, string host, PostgreSqlSession first, IdleSessions? idle) : IAdminConnection
{
    private readonly PostgreSqlOtherEndpoints _otherEndpoints = new(connector, host, credential.Database);
    private readonly PostgreSqlDatabaseSessions _others = new(connector, host, credential.Database);

    private readonly List<string> _locked = [];

    private PostgreSqlSession _session = first;

    public string Endpoint => _session.Endpoint;

    public Task LockTargetAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync(async session =>
        {
            await LockAsync(session, username, cancellationToken);
            _locked.Add(username);
            return true;
        }, cancellationToken);

    public Task<LoginSnapshot> ReadSnapshotAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync(session => new PostgreSqlCatalog(session, _others).ReadAsync(username, credential.Database, cancellationToken), cancellationToken);

    public Task<OwnershipReading> ReadOwnershipAsync(string username, string owner, CancellationToken cancellationToken) =>
        GuardAsync<OwnershipReading>(async session =>
        {
            var catalog = new PostgreSqlCatalog(session, _others);
            return new(
                await catalog.ReadAsync(username, credential.Database, cancellationToken, withOwnPrivileges: true),
                await catalog.ReadAsync(owner, credential.Database, cancellationToken, withOwnPrivileges: true),
                session.Server.AdminIsSuperuser ? [] : ["SUPERUSER, which changes owners of every kind; use an admin login that has it."]);
        }, cancellationToken);

    public Task<bool> IsNameTakenAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync(async session =>
        {
            await using var command = session.Command(
                "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) OR EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", username);
            return await command.ExecuteScalarAsync(cancellationToken) is true;
        }, cancellationToken);

    public Task<IReadOnlyList<string>> ListLoginNamesAsync(CancellationToken cancellationToken) =>
        GuardAsync<IReadOnlyList<string>>(async session =>
        {
            await using var command = session.Command("SELECT rolname FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%' ORDER BY rolname");
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            List<string> names = [];
            while (await rows.ReadAsync(cancellationToken))
                names.Add(rows.GetString(0));
            return names;
        }, cancellationToken);

    public Task<Preflight> PreflightAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken) =>
        GuardAsync(async session =>
        {
            var preflight = await new PostgreSqlPreflight(session, _others).RunAsync(credential, source, cancellationToken);
            if (!_otherEndpoints.Any)
                return preflight;
            var (blockers, warnings) = await _otherEndpoints.PreflightAsync(source.Facts.Any(fact => fact.Kind == FactKinds.Owner), cancellationToken);
            return preflight with { Blockers = [.. preflight.Blockers, .. blockers], Warnings = [.. preflight.Warnings, .. warnings] };
        }, cancellationToken);

    public Task<IChangeUnit> BeginAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IChangeUnit>(new PostgreSqlChangeUnit(SessionAsync, credential.Database, _others, PostgreSqlOptions.LockTimeout(credential)));
    }

    public Task<LoginSessions> ListSessionsAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync<LoginSessions>(async session =>
        {
            // Asked again and again while a login drains, which can take long.
            await _others.CloseAsync();
            var sessions = new PostgreSqlSessions(session);
            var here = await sessions.ListAsync(username, cancellationToken);
            if (!_otherEndpoints.Any)
                return new(here, []);
            var elsewhere = await _otherEndpoints.ListAsync(username, !await sessions.CanLogInAsync(username, cancellationToken), cancellationToken);
            // Two names may lead to one server.
            return new([.. here.Concat(elsewhere.Seen).DistinctBy(found => (found.Id, found.StartedAt))], elsewhere.Unasked);
        }, cancellationToken);

    public Task<EndedSessions> EndSessionsAsync(string username, TimeSpan? olderThan, CancellationToken cancellationToken) =>
        GuardAsync<EndedSessions>(async session =>
        {
            var sessions = new PostgreSqlSessions(session);
            var here = await sessions.EndAsync(username, olderThan, cancellationToken);
            if (!_otherEndpoints.Any)
                return new(here, []);
            var elsewhere = await _otherEndpoints.EndAsync(username, !await sessions.CanLogInAsync(username, cancellationToken), olderThan, cancellationToken);
            return elsewhere with { Count = here + elsewhere.Count };
        }, cancellationToken);

    /// <summary>Verifiers are for superusers to read, and a managed server has none to lend: whoever wants to know logs in.</summary>
    public Task<bool?> KnowsPasswordAsync(Login login, CancellationToken cancellationToken) => Task.FromResult<bool?>(null);

    public Task<string?> ReadVerifierAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync(async session =>
        {
            await using var allowed = session.Command("SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')");
            if (await allowed.ExecuteScalarAsync(cancellationToken) is not true)
                return null;
            await using var command = session.Command("SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = $1", username);
            return await command.ExecuteScalarAsync(cancellationToken) as string;
        }, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _otherEndpoints.DisposeAsync();
        await _others.DisposeAsync();
        if (idle is not null && _session is { IsOpen: true, IsReplaceable: false } session)
            await idle.LeaveAsync(connector.Key(host, credential.Database), connector.Username, session, session.CleanAsync);
        else
            await _session.DisposeAsync();
    }

    /// <summary>
    /// The main session; a new one where the driver gave it up, with the same locks, which nobody else can have taken: the caller still holds the lease. What
    /// the lost one was doing is over by then, since its lock is the first thing that the new one waits for.
    /// </summary>
    private async Task<PostgreSqlSession> SessionAsync(CancellationToken cancellationToken)
    {
        if (!_session.IsReplaceable)
            return _session;
        await _session.DisposeAsync();
        _session = await PostgreSqlAdminSessions.OpenAsync(connector, host, credential.Database, cancellationToken);
        foreach (var username in _locked)
            await PostgreSqlTargetLock.TakeAsync(_session, username, cancellationToken);
        return _session;
    }

    private async Task LockAsync(PostgreSqlSession session, string username, CancellationToken cancellationToken)
    {
        await PostgreSqlTargetLock.TakeAsync(session, username, cancellationToken);
        await _others.LockAsync(username);
        await PostgreSqlTargetLock.EndCompanionsAsync(session, credential.Database, username, cancellationToken);
    }

    private async Task<T> GuardAsync<T>(Func<PostgreSqlSession, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work(await SessionAsync(cancellationToken));
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (e is not RotationException)
        {
            throw PostgreSqlErrors.OfStatement(e, _session.Endpoint, null);
        }
    }
}
