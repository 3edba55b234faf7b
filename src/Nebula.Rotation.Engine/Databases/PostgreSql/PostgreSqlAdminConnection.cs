using Nebula.Rotation.Engine.Snapshots;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>An admin's connection to the server that takes writes, in the credential's database; others are opened when a statement asks for one.</summary>
internal sealed class PostgreSqlAdminConnection(DatabaseCredential credential, PostgreSqlConnector connector, string host, PostgreSqlSession session) : IAdminConnection
{
    private readonly PostgreSqlOtherEndpoints _otherEndpoints = new(connector, host, credential.Database);

    public string Endpoint => session.Endpoint;

    public Task LockTargetAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync(async () =>
        {
            await PostgreSqlTargetLock.TakeAsync(session, username, cancellationToken);
            return true;
        }, cancellationToken);

    public Task<LoginSnapshot> ReadSnapshotAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync(() => new PostgreSqlCatalog(session).ReadAsync(username, cancellationToken), cancellationToken);

    public Task<bool> IsNameTakenAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync(async () =>
        {
            await using var command = session.Command(
                "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) OR EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", username);
            return await command.ExecuteScalarAsync(cancellationToken) is true;
        }, cancellationToken);

    public Task<Preflight> PreflightAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken) =>
        GuardAsync(async () =>
        {
            var preflight = await new PostgreSqlPreflight(session).RunAsync(credential, source, cancellationToken);
            if (!_otherEndpoints.Any)
                return preflight;
            var (blockers, warnings) = await _otherEndpoints.PreflightAsync(source.Facts.Any(fact => fact.Kind == FactKinds.Owner), cancellationToken);
            return preflight with { Blockers = [.. preflight.Blockers, .. blockers], Warnings = [.. preflight.Warnings, .. warnings] };
        }, cancellationToken);

    public Task<IChangeUnit> BeginAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IChangeUnit>(new PostgreSqlChangeUnit(session, credential.Database, OpenDatabaseAsync, PostgreSqlOptions.LockTimeout(credential)));
    }

    public Task<LoginSessions> ListSessionsAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync<LoginSessions>(async () =>
        {
            var sessions = new PostgreSqlSessions(session);
            var here = await sessions.ListAsync(username, cancellationToken);
            if (!_otherEndpoints.Any)
                return new(here, []);
            var elsewhere = await _otherEndpoints.ListAsync(username, !await sessions.CanLogInAsync(username, cancellationToken), cancellationToken);
            // Two names may lead to one server.
            return new([.. here.Concat(elsewhere.Seen).DistinctBy(found => (found.Id, found.StartedAt))], elsewhere.Unasked);
        }, cancellationToken);

    public Task<EndedSessions> EndSessionsAsync(string username, CancellationToken cancellationToken) =>
        GuardAsync<EndedSessions>(async () =>
        {
            var sessions = new PostgreSqlSessions(session);
            var here = await sessions.EndAsync(username, cancellationToken);
            if (!_otherEndpoints.Any)
                return new(here, []);
            var elsewhere = await _otherEndpoints.EndAsync(username, !await sessions.CanLogInAsync(username, cancellationToken), cancellationToken);
            return elsewhere with { Count = here + elsewhere.Count };
        }, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _otherEndpoints.DisposeAsync();
        await session.DisposeAsync();
    }

    private Task<PostgreSqlSession> OpenDatabaseAsync(string database, CancellationToken cancellationToken) =>
        PostgreSqlAdminSessions.OpenAsync(connector, host, database, cancellationToken);

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
        catch (Exception e) when (e is not RotationException)
        {
            throw PostgreSqlErrors.OfStatement(e, session.Endpoint, null);
        }
    }
}
