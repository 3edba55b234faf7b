using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>Makes a login the same on every node. What it is comes from the primary; from another node where the primary lacks it.</summary>
internal sealed class RedisRepair(RedisNodes nodes, RedisCatalog catalog, Func<CancellationToken, Task> checkLease)
{
    public async Task<IReadOnlyList<string>> RunAsync(Login login, CancellationToken cancellationToken)
    {
        var snapshot = await catalog.ReadAsync(login.Username, cancellationToken);
        var differences = snapshot.Facts.Where(fact => fact.Kind == FactKinds.NodeDifference).ToList();
        List<string> said = [];
        foreach (var group in differences.GroupBy(fact => fact.Database))
        {
            var model = await FindModelAsync(group.Key, login, cancellationToken);
            var named = group.Select(fact => fact.ObjectName).ToHashSet();
            // Where the model itself is what differs, it is all the others that are wrong.
            foreach (var node in nodes.All.Where(node => node.Group == group.Key && node != model.Node && (named.Contains(node.Name) || named.Contains(model.Node.Name))))
            {
                await checkLease(cancellationToken);
                await MendAsync(node, login.Username, model.User, snapshot, cancellationToken);
                var was = string.Join("; ", group.Where(fact => fact.ObjectName == node.Name).Take(3).Select(fact => $"{fact.Name} was {fact.Value}"));
                said.Add($"on {node.Name}, '{login.Username}' is now what it is on {model.Node.Name}{(was.Length > 0 ? $": {was}" : "")}.");
            }
        }

        return said;
    }

    private async Task<(RedisNode Node, AclUser User)> FindModelAsync(string? group, Login login, CancellationToken cancellationToken)
    {
        var hash = RedisDialect.Hash(login.Password);
        foreach (var node in nodes.All.Where(node => node.Group == group).OrderByDescending(node => node == nodes.Primary))
        {
            var user = AclUser.Read((await node.RunAsync([["ACL", "GETUSER", login.Username]], cancellationToken))[0]);
            if (user is not null && user.Hashes.Contains(hash))
                return (node, user);
        }

        throw new RotationException(
            RotationErrorCode.StoreDatabaseMismatch,
            $"'{login.Username}' is not the same on every node, and none takes the password that the store has.",
            "Nothing was changed. Give the store the login that works: Set-NebulaDbCredential -Credential.");
    }

    private static async Task MendAsync(RedisNode node, string username, AclUser model, LoginSnapshot snapshot, CancellationToken cancellationToken)
    {
        await node.RunAsync([["ACL", "SETUSER", username, "reset", .. UserWords.Of(model)]], cancellationToken);
        if (snapshot.List<NodePersistence>(HintNames.Persistence).FirstOrDefault(way => way.Node == node.Name)?.Users is { } keep)
            await node.RunAsync([RedisDialect.Split(keep)], cancellationToken);
    }
}
