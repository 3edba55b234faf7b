using System.Text;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>PostgreSQL 13 and later: how to reach it, and how to prove a login.</summary>
internal sealed class PostgreSqlEngine : IDatabaseEngine
{
    public DatabaseType DatabaseType => DatabaseType.PostgreSql;

    public IReadOnlyCollection<RotationStrategy> Strategies { get; } = [RotationStrategy.DualUser, RotationStrategy.AlternatingUsers];

    public ILoginPlanner Planner { get; } = new PostgreSqlPlanner();

    public IDualPasswordPlanner? DualPasswordPlanner => null;

    public IOwnershipPlanner OwnershipPlanner { get; } = new PostgreSqlOwnershipPlanner();

    public UsernameRules UsernameRules => PostgreSqlDialect.UsernameRules;

    public void Validate(DatabaseCredential credential)
    {
        ValidateEndpoints(credential);
        if (credential.Database.Length == 0 || credential.Database.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(credential.Database) > PostgreSqlDialect.MaxNameBytes)
            throw Invalid($"'{credential.Database}' is not a name of a PostgreSQL database.", $"Give a name of 1 to {PostgreSqlDialect.MaxNameBytes} bytes.");
        if (credential.CACertificate is { } authority && !File.Exists(authority))
            throw Invalid($"There is no CA certificate at {authority}.", "Give the path of a PEM file.");
        PostgreSqlDialect.ValidateUsername(credential.Username);
        PostgreSqlOptions.Validate(credential);
        var direct = PostgreSqlOptions.Direct(credential);
        if (ReferenceEquals(direct, credential))
            return;
        ValidateEndpoints(direct);
        if (Endpoints(direct).Intersect(Endpoints(credential)).FirstOrDefault() is { } both)
            throw Invalid($"{both} is both the credential's own address and the one past the pooler.", $"Give the pooler's address as HostName, and the server's as {PostgreSqlOptions.AdminHostName}.");
    }

    public Secret FormatConnectionString(DatabaseCredential credential, Login login, ConnectionStringFormat format) =>
        PostgreSqlConnectionStrings.Format(credential, login, format);

    public async Task<IAdminConnection> ConnectAdminAsync(DatabaseCredential credential, Login admin, IdleSessions? idle, CancellationToken cancellationToken)
    {
        credential = PostgreSqlOptions.Direct(credential);
        var connector = new PostgreSqlConnector(credential, admin);
        var (host, session) = await PostgreSqlAdminSessions.OpenPrimaryAsync(connector, credential.Database, idle, cancellationToken);
        return new PostgreSqlAdminConnection(credential, connector, host, session, idle);
    }

    public async Task<IReadOnlyList<CredentialTestResult>> CheckLoginAsync(
        DatabaseCredential credential, Login login, string? verifyQuery, CancellationToken cancellationToken)
    {
        var direct = PostgreSqlOptions.Direct(credential);
        if (ReferenceEquals(direct, credential))
            return [.. (await CheckAsync(credential)).Select(check => check.Result)];

        // The application comes through the pooler, so that is what must work. The pooler may have its answer from a file or from a session that it kept; the server's
        // own counts too, unless its pg_hba.conf lets the login in from the pooler only.
        var checks = await Task.WhenAll(CheckAsync(credential, isPooled: true), CheckAsync(direct));
        return [.. checks[0].Select(check => check.Result), .. from check in checks[1] where !check.HasNoRule select check.Result];

        async Task<(CredentialTestResult Result, bool HasNoRule)[]> CheckAsync(DatabaseCredential at, bool isPooled = false)
        {
            var connector = new PostgreSqlConnector(at, login, isPooled);
            return await Task.WhenAll(at.HostName.Select(host => PostgreSqlLoginCheck.RunAsync(at, connector, host, verifyQuery, cancellationToken)));
        }
    }

    public DatabaseCredential WithoutPooler(DatabaseCredential credential) => PostgreSqlOptions.Direct(credential);

    public async Task<IReadOnlyList<CredentialTestResult>> CheckPooledLoginAsync(DatabaseCredential credential, Login login, CancellationToken cancellationToken)
    {
        var connector = new PostgreSqlConnector(credential, login, isPooled: true);
        var checks = await Task.WhenAll(credential.HostName.Select(host => PostgreSqlLoginCheck.RunAsync(credential, connector, host, null, cancellationToken)));
        return [.. checks.Select(check => check.Result)];
    }

    private static List<PostgreSqlEndpoint> Endpoints(DatabaseCredential credential) =>
        [.. credential.HostName.Select(host => PostgreSqlEndpoint.Parse(host, credential.Port))];

    private static void ValidateEndpoints(DatabaseCredential credential)
    {
        if (credential.HostName.Count == 0 || credential.HostName.Any(string.IsNullOrWhiteSpace))
            throw Invalid("The credential names no host.", "Give a host name, an address, or the folder of a Unix socket.");
        if (credential.HostName.FirstOrDefault(host => host.Contains(',', StringComparison.Ordinal)) is { } list)
            throw Invalid($"'{list}' is not one host.", "Give several hosts as an array.");
        if (credential.Port is < 1 or > 65535)
            throw Invalid($"{credential.Port} is not a TCP port.", "Give a port from 1 to 65535; PostgreSQL's own is 5432.");
        if (Endpoints(credential).GroupBy(endpoint => endpoint).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Invalid($"{twice.Key} is named twice.", "Name each endpoint once.");
    }

    private static RotationException Invalid(string message, string action) => new(RotationErrorCode.InvalidArgument, message, action);
}
