using MongoDB.Driver.Core.Configuration;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>MongoDB 6 and later and servers that speak its protocol: how to reach them, and how to prove a login.</summary>
internal sealed class MongoDbEngine : IDatabaseEngine
{
    public DatabaseType DatabaseType => DatabaseType.MongoDb;

    public IReadOnlyCollection<RotationStrategy> Strategies { get; } = [RotationStrategy.DualUser, RotationStrategy.AlternatingUsers];

    public ILoginPlanner Planner { get; init; } = new MongoDbPlanner();

    /// <summary>A user has one password.</summary>
    public IDualPasswordPlanner? DualPasswordPlanner => null;

    public UsernameRules UsernameRules => MongoDbDialect.UsernameRules;

    /// <summary>For tests: sees the driver's events.</summary>
    public Action<ClusterBuilder>? Configure { get; init; }

    public void Validate(DatabaseCredential credential)
    {
        if (credential.HostName.Count == 0 || credential.HostName.Any(string.IsNullOrWhiteSpace))
            throw Invalid("The credential names no host.", "Give a host name or an address.");
        if (credential.Port is < 1 or > 65535)
            throw Invalid($"{credential.Port} is not a TCP port.", "Give a port from 1 to 65535; MongoDB's own is 27017.");
        var endpoints = MongoDbEndpoint.AllOf(credential);
        if (endpoints.GroupBy(endpoint => endpoint).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Invalid($"{twice.Key} is named twice.", "Name each endpoint once.");
        MongoDbOptions.Validate(credential);
        if (MongoDbOptions.IsSrv(credential) && (endpoints.Count > 1 || endpoints[0].Host != credential.HostName[0] || endpoints[0].Host.Split('.').Length < 3))
            throw Invalid($"'{string.Join(", ", credential.HostName)}' is not a name that an SRV record is looked up for.", "Give one name of three parts or more, without a port: cluster0.example.net.");
        MongoDbDialect.ValidateDatabase(credential.Database, "Database");
        if (credential.CACertificate is { } authority && !File.Exists(authority))
            throw Invalid($"There is no CA certificate at {authority}.", "Give the path of a PEM file.");
    }

    public Secret FormatConnectionString(DatabaseCredential credential, Login login, ConnectionStringFormat format) =>
        MongoDbConnectionStrings.Format(credential, login, format);

    public async Task<IAdminConnection> ConnectAdminAsync(DatabaseCredential credential, Login admin, IdleSessions? idle, CancellationToken cancellationToken)
    {
        var connector = new MongoDbConnector(credential, admin, MongoDbOptions.AdminAuthSource(credential)) { Configure = Configure };
        if (idle is not null && await idle.TakeAsync<MongoDbSession>(connector.Key, RenewAsync, cancellationToken) is { } kept)
            return new MongoDbAdminConnection(credential, kept, idle);
        var session = await MongoDbSession.OpenAsync(connector, RotationErrorCode.AdminAuthenticationFailed, cancellationToken);
        try
        {
            RequireTaker(session);
            await session.AskFeaturesAsync(cancellationToken);
            return new MongoDbAdminConnection(credential, session, idle);
        }
        catch (MongoDbCommandError e)
        {
            await session.DisposeAsync();
            throw e.ToRotationException(credential.Endpoints);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }

        static async Task<MongoDbSession> RenewAsync(MongoDbSession kept, CancellationToken bound)
        {
            await kept.RenewAsync(bound);
            RequireTaker(kept);
            return kept;
        }
    }

    public Task<IReadOnlyList<CredentialTestResult>> CheckLoginAsync(
        DatabaseCredential credential, Login login, string? verifyQuery, CancellationToken cancellationToken) =>
        MongoDbLoginCheck.RunAsync(new(credential, login, MongoDbOptions.AuthSource(credential)) { Configure = Configure }, verifyQuery, cancellationToken);

    /// <summary>The driver finds the primary, unless it was told to talk to one server and no other.</summary>
    private static void RequireTaker(MongoDbSession session)
    {
        if (session.Hello.GetValue("isWritablePrimary", session.Hello.GetValue("ismaster", true)).ToBoolean())
            return;
        throw new RotationException(
            RotationErrorCode.ServerUnreachable,
            $"{session.Endpoint} takes no changes: it is not the primary{(session.Hello.TryGetValue("primary", out var primary) ? $", which is {primary}" : "")}.",
            $"Name the primary, or leave {MongoDbOptions.DirectConnectionName} out, so that it is looked for.");
    }

    private static RotationException Invalid(string message, string action) => new(RotationErrorCode.InvalidArgument, message, action);
}
