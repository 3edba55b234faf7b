using MongoDB.Bson;
using MongoDB.Driver.Core.Servers;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>What stands in the way of rotating a user with this admin.</summary>
internal sealed class MongoDbPreflight(MongoDbSession session, string authSource)
{
    private static readonly string[] UserActions = ["createUser", "dropUser", "viewUser", "changePassword", "changeCustomData"];

    private static readonly string[] RoleActions = ["grantRole", "revokeRole"];

    public async Task<Preflight> RunAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken)
    {
        List<PlanBlocker> blockers = [];
        List<string> warnings = [];
        if (!source.Exists)
        {
            var others = await new MongoDbCatalog(session, authSource).FindElsewhereAsync(source.Username, cancellationToken);
            blockers.Add(new(
                $"user {source.Username}",
                $"There is no such user in the database '{authSource}'.{(others.Count > 0 ? $" One lives in: {string.Join(", ", others)}." : "")}",
                $"Say where it lives: -Option @{{ {MongoDbOptions.AuthSourceName} = '{(others.Count > 0 ? others[0] : "…")}' }}."));
            return new([], blockers, warnings);
        }

        await ClearTextAsync(credential, blockers, cancellationToken);
        await RolesAsync(source, blockers, cancellationToken);
        await HeadroomAsync(credential, blockers, cancellationToken);
        return new(await RightsAsync(source, warnings, cancellationToken), blockers, warnings);
    }

    /// <summary>createUser takes no verifier: the server wants the password itself.</summary>
    private async Task ClearTextAsync(DatabaseCredential credential, List<PlanBlocker> blockers, CancellationToken cancellationToken)
    {
        if (session.UsesTls || MongoDbOptions.AllowsClearText(credential))
            return;
        foreach (var server in session.Servers.Where(server => server.Type != ServerType.ReplicaSetArbiter))
        {
            var endpoint = MongoDbEndpoint.Of(server.EndPoint);
            if (await MongoDbTransport.IsLoopbackAsync(endpoint, cancellationToken))
                continue;
            blockers.Add(new(
                $"server {endpoint}",
                "The connection has no TLS, and createUser sends the new password as it is.",
                $"Turn TLS on and use -SslMode VerifyFull, or accept it: -Option @{{ {MongoDbOptions.AllowName} = '{MongoDbOptions.ClearText}' }}."));
            return;
        }
    }

    /// <summary>A role that was dropped by hand in system.roles stays with its users, and createUser refuses it.</summary>
    private async Task RolesAsync(LoginSnapshot source, List<PlanBlocker> blockers, CancellationToken cancellationToken)
    {
        var roles = source.Facts.Where(fact => fact.Kind == FactKinds.Role).ToList();
        if (roles.Count == 0)
            return;
        try
        {
            var command = new BsonDocument("rolesInfo", new BsonArray(roles.Select(role => new BsonDocument { { "role", role.Name }, { "db", role.Database } })));
            var reply = await session.ReadAsync(authSource, command, cancellationToken);
            if (!reply.TryGetValue("roles", out var list) || list is not BsonArray known)
                return;
            var names = known.OfType<BsonDocument>().Select(role => (role["role"].AsString, role["db"].AsString)).ToHashSet();
            foreach (var role in roles.Where(role => !names.Contains((role.Name, role.Database!))))
            {
                blockers.Add(new(
                    $"role {role.Name}@{role.Database}",
                    $"'{source.Username}' has it, and the server has no such role: it cannot be given to another user.",
                    $"Create the role, or take it from '{source.Username}' with revokeRolesFromUser."));
            }
        }
        catch (MongoDbCommandError)
        {
            // An admin that may not look at roles learns it from createUser.
        }
    }

    private async Task<List<string>> RightsAsync(LoginSnapshot source, List<string> warnings, CancellationToken cancellationToken)
    {
        List<string> missing = [];
        if (await MongoDbPrivileges.ReadAsync(session, cancellationToken) is not { } admin)
        {
            warnings.Add("The server does not say what the admin may do; a right that it lacks shows when it is needed.");
            return missing;
        }

        foreach (var action in UserActions.Where(action => !admin.OnDatabase(authSource, action)))
            missing.Add($"{action} on database '{authSource}' (userAdmin there, or userAdminAnyDatabase)");
        if (source.Facts.Any(fact => fact.Kind == FactKinds.Restriction) && !admin.OnDatabase(authSource, "setAuthenticationRestriction"))
            missing.Add($"setAuthenticationRestriction on database '{authSource}' (the user has authenticationRestrictions)");
        foreach (var database in source.Facts.Where(fact => fact.Kind == FactKinds.Role).Select(fact => fact.Database!).Distinct(StringComparer.Ordinal))
        {
            foreach (var action in RoleActions.Where(action => !admin.OnDatabase(database, action)))
                missing.Add($"{action} on database '{database}' (the user has roles of it)");
        }

        if (!admin.OnCluster("inprog"))
            warnings.Add($"{session.Connector.Username} lacks inprog on the cluster (clusterMonitor): whether anybody is still connected as {source.Username} cannot be seen, and the drain waits for its timeout.");
        if (!admin.OnCluster("killAnySession"))
            warnings.Add($"{session.Connector.Username} lacks killAnySession on the cluster: sessions cannot be ended if that is asked for; their connections lose their rights when the user goes.");
        if (session.Server.Has(MongoDbFeatures.Router) && !admin.OnCluster("invalidateUserCache"))
            warnings.Add($"{session.Connector.Username} lacks invalidateUserCache on the cluster: each change waits until every mongos has read the users again by itself.");
        return missing;
    }

    /// <summary>While both are live, the application's pools may stand twice. Each server has its own limit; the one that takes writes has the most.</summary>
    private async Task HeadroomAsync(DatabaseCredential credential, List<PlanBlocker> blockers, CancellationToken cancellationToken)
    {
        if (credential.MaxConnections is not { } needed)
            return;
        try
        {
            var command = new BsonDocument { { "serverStatus", 1 }, { "repl", 0 }, { "metrics", 0 }, { "locks", 0 }, { "wiredTiger", 0 } };
            var reply = await session.ReadAsync("admin", command, cancellationToken);
            if (reply.TryGetValue("connections", out var value) && value is BsonDocument connections && connections.TryGetValue("available", out var available) && available.ToInt64() < needed)
            {
                blockers.Add(new(
                    $"server {session.Endpoint}",
                    $"A second pool does not fit: the credential's pools open up to {needed}, and {available.ToInt64()} connections are free.",
                    "Raise net.maxIncomingConnections, shrink the pools, or rotate when fewer are open."));
            }
        }
        catch (MongoDbCommandError)
        {
            // serverStatus is clusterMonitor's, and nothing else here needs it.
        }
    }
}
