using System.Collections.Concurrent;
using System.Globalization;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>Redis 6 and later and Valkey: how to reach every node, and how to prove a login on each.</summary>
internal sealed class RedisEngine : IDatabaseEngine
{
    /// <summary>
    /// The nodes that an admin found last, by the addresses that the credential names: the application's login need not be allowed to ask for them, and is
    /// proved on each.
    /// </summary>
    private readonly ConcurrentDictionary<string, IReadOnlyList<RedisEndpoint>> _found = new();

    public DatabaseType DatabaseType => DatabaseType.Redis;

    public IReadOnlyCollection<RotationStrategy> Strategies { get; } = [RotationStrategy.DualUser, RotationStrategy.AlternatingUsers, RotationStrategy.DualPassword];

    public ILoginPlanner Planner { get; } = new RedisPlanner();

    public IDualPasswordPlanner? DualPasswordPlanner { get; } = new RedisDualPasswordPlanner();

    public bool HasLoginsPerEndpoint => true;

    public UsernameRules UsernameRules => RedisDialect.UsernameRules;

    public void Validate(DatabaseCredential credential)
    {
        if (credential.HostName.Count == 0)
            throw Invalid("The credential names no host.", "Give a host name or an address.");
        if (credential.Port is < 1 or > 65535)
            throw Invalid($"{credential.Port} is not a TCP port.", "Give a port from 1 to 65535; Redis's own is 6379.");
        var endpoints = credential.HostName.Select(host => RedisEndpoint.Parse(host, credential.Port)).ToList();
        if (endpoints.GroupBy(endpoint => endpoint).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Invalid($"{twice.Key} is named twice.", "Name each node once.");
        if (!int.TryParse(credential.Database, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            throw Invalid($"'{credential.Database}' is not a database of Redis.", "Give its number; the usual one is 0.");
        if (credential.CACertificate is { } authority && !File.Exists(authority))
            throw Invalid($"There is no CA certificate at {authority}.", "Give the path of a PEM file.");
        RedisDialect.ValidateUsername(credential.Username);
        RedisOptions.Validate(credential);
    }

    public Secret FormatConnectionString(DatabaseCredential credential, Login login, ConnectionStringFormat format) => RedisConnectionStrings.Format(credential, login, format);

    public async Task<IAdminConnection> ConnectAdminAsync(DatabaseCredential credential, Login admin, IdleSessions? idle, CancellationToken cancellationToken)
    {
        var connector = new RedisConnector(credential, admin);
        if (idle is not null && await idle.TakeAsync<RedisNodes>(connector.Key, RenewAsync, cancellationToken) is { } kept)
            return Connect(kept);
        var nodes = new RedisNodes(credential, connector, RotationErrorCode.AdminAuthenticationFailed);
        try
        {
            await nodes.RefreshAsync(cancellationToken);
            await RequireUsersAsync(nodes, admin.Username, cancellationToken);
            return Connect(nodes);
        }
        catch
        {
            await nodes.DisposeAsync();
            throw;
        }

        static async Task<RedisNodes> RenewAsync(RedisNodes kept, CancellationToken bound)
        {
            await kept.RefreshAsync(bound);
            return kept;
        }

        // Commands here leave nothing behind in a connection.
        RedisAdminConnection Connect(RedisNodes to) => new(to, admin.Username, found => _found[Key(credential)] = [.. found.WithData.Select(node => node.Endpoint)])
        {
            Leave = idle is null ? null : () => idle.LeaveAsync(connector.Key, admin.Username, to, static _ => ValueTask.CompletedTask),
        };
    }

    public async Task<IReadOnlyList<CredentialTestResult>> CheckLoginAsync(
        DatabaseCredential credential, Login login, string? verifyQuery, CancellationToken cancellationToken)
    {
        var check = new RedisLoginCheck(credential, login, verifyQuery);
        var endpoints = await FindNodesAsync(credential, login, cancellationToken);
        return await Task.WhenAll(endpoints.Select(endpoint => check.RunAsync(endpoint, cancellationToken)));
    }

    /// <summary>Those that are named, those that the login hears of, and those that an admin found: each once, the sentinels left out.</summary>
    private async Task<IReadOnlyList<RedisEndpoint>> FindNodesAsync(DatabaseCredential credential, Login login, CancellationToken cancellationToken)
    {
        var named = credential.HostName.Select(host => RedisEndpoint.Parse(host, credential.Port)).ToList();
        var known = _found.GetValueOrDefault(Key(credential), []);
        await using var nodes = new RedisNodes(credential, new(credential, login), RotationErrorCode.AuthenticationFailed);
        try
        {
            await nodes.RefreshAsync(cancellationToken);
            var aliases = nodes.All.SelectMany(node => node.Aliases).ToHashSet();
            return [.. nodes.WithData.Select(node => node.Endpoint).Concat(nodes.Away.Keys).Concat(known.Where(endpoint => !aliases.Contains(endpoint))).Distinct()];
        }
        catch (RotationException e) when (e.Code is not RotationErrorCode.InvalidArgument)
        {
            // Each is asked by itself below, and says what is the matter with it.
            return [.. (known.Count > 0 ? known : named).Distinct()];
        }
    }

    private static async Task RequireUsersAsync(RedisNodes nodes, string username, CancellationToken cancellationToken)
    {
        foreach (var node in nodes.WithData)
        {
            var replies = await node.AskAsync([["INFO", "server"], ["ACL", "GETUSER", username]], cancellationToken);
            foreach (var (reply, command) in replies.Zip(["INFO", "ACL GETUSER"]))
            {
                if (reply is RespError error)
                    throw error.IsUnknownCommand ? RedisErrors.TooOld(node.Endpoint, null) : RedisErrors.OfCommand(error, node.Endpoint, command);
            }
        }
    }

    private static string Key(DatabaseCredential credential) => $"{string.Join(',', credential.HostName)} {credential.Port} {RedisOptions.ServiceName(credential)}";

    private static RotationException Invalid(string message, string action) => new(RotationErrorCode.InvalidArgument, message, action);
}
