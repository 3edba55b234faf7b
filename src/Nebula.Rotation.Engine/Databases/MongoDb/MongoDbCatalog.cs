using MongoDB.Bson;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>Reads a user's facts with usersInfo (manual, "usersInfo").</summary>
internal sealed class MongoDbCatalog(MongoDbSession session, string authSource)
{
    /// <summary>Answers of a server that does not know a field of the command: BadValue, FailedToParse, CommandNotSupported, NotImplemented, an unknown field of its IDL.</summary>
    private static readonly int[] Unknown = [2, 9, 115, 238, 40415];

    public async Task<LoginSnapshot> ReadAsync(string username, CancellationToken cancellationToken)
    {
        var user = await FindAsync(username, cancellationToken);
        var hints = new Dictionary<string, string> { [HintNames.AuthSource] = authSource };
        if (user is null)
            return new() { Username = username, Exists = false, Server = session.Server.Description, Hints = hints };

        var custom = user.TryGetValue("customData", out var data) && data is BsonDocument document ? document : [];
        var mark = custom.TryGetValue(BlockMark.Field, out var left) && left is BsonDocument found ? found : null;
        if (mark is not null)
            hints[HintNames.BlockMark] = mark.ToJson();
        List<PlanBlocker> blockers = [];
        return new()
        {
            Username = username,
            Exists = true,
            CanLogIn = mark is null,
            Server = session.Server.Description,
            Facts =
            [
                .. Roles(user),
                .. CustomData(custom, username, blockers),
                .. Restrictions(mark is null ? null : BlockMark.KeptRestrictions(mark), user),
                .. Mechanisms(user, username, blockers),
            ],
            Blockers = blockers,
            Hints = hints,
        };
    }

    /// <summary>Whether a user of that name lives in the database.</summary>
    public async Task<bool> ExistsAsync(string username, CancellationToken cancellationToken)
    {
        var reply = await session.ReadAsync(authSource, new BsonDocument("usersInfo", Id(username)), cancellationToken);
        return Users(reply).Any();
    }

    /// <summary>Every user that lives in the database: usersInfo with 1 in a user's place.</summary>
    public async Task<IReadOnlyList<string>> ListNamesAsync(CancellationToken cancellationToken) =>
        [.. Users(await session.ReadAsync(authSource, new BsonDocument("usersInfo", 1), cancellationToken)).Select(user => user["user"].AsString)];

    /// <summary>The databases, other than the one asked, in which a user of that name lives. Empty where that cannot be asked.</summary>
    public async Task<IReadOnlyList<string>> FindElsewhereAsync(string username, CancellationToken cancellationToken)
    {
        var command = new BsonDocument { { "usersInfo", new BsonDocument("forAllDBs", true) }, { "filter", new BsonDocument("user", username) } };
        try
        {
            return [.. Users(await session.ReadAsync("admin", command, cancellationToken)).Where(user => user["user"] == username).Select(user => user["db"].AsString).Where(database => database != authSource)];
        }
        catch (MongoDbCommandError)
        {
            return [];
        }
    }

    /// <summary>What the server keeps of the user's password, by mechanism; null where it does not say.</summary>
    public async Task<BsonDocument?> ReadCredentialsAsync(string username, CancellationToken cancellationToken)
    {
        var command = new BsonDocument { { "usersInfo", Id(username) }, { "showCredentials", true } };
        try
        {
            var user = Users(await session.ReadAsync(authSource, command, cancellationToken)).FirstOrDefault();
            return user is not null && user.TryGetValue("credentials", out var credentials) ? credentials as BsonDocument : null;
        }
        catch (MongoDbCommandError)
        {
            return null;
        }
    }

    private async Task<BsonDocument?> FindAsync(string username, CancellationToken cancellationToken)
    {
        var command = new BsonDocument { { "usersInfo", Id(username) }, { "showCustomData", true }, { "showAuthenticationRestrictions", true } };
        try
        {
            return Users(await session.ReadAsync(authSource, command, cancellationToken)).FirstOrDefault();
        }
        catch (MongoDbCommandError e) when (Unknown.Contains(e.Number))
        {
            // A compatible server without restrictions does not know how to show them.
            command.Remove("showAuthenticationRestrictions");
            return Users(await session.ReadAsync(authSource, command, cancellationToken)).FirstOrDefault();
        }
    }

    private BsonDocument Id(string username) => new() { { "user", username }, { "db", authSource } };

    /// <summary>Some compatible servers answer a name that nobody has without the field.</summary>
    private static IEnumerable<BsonDocument> Users(BsonDocument reply) =>
        reply.TryGetValue("users", out var users) && users is BsonArray array ? array.OfType<BsonDocument>() : [];

    private static IEnumerable<PermissionFact> Roles(BsonDocument user) =>
        from role in Documents(user, "roles")
        select new PermissionFact { Kind = FactKinds.Role, Name = role["role"].AsString, Database = role["db"].AsString };

    private static IEnumerable<PermissionFact> CustomData(BsonDocument data, string username, List<PlanBlocker> blockers)
    {
        foreach (var field in data.Where(field => field.Name != BlockMark.Field))
        {
            if (MongoDbDialect.Survives(field.Value))
            {
                yield return new() { Kind = FactKinds.CustomData, Name = field.Name, Value = MongoDbDialect.ToText(field.Value) };
                continue;
            }

            blockers.Add(new(
                $"user {username}",
                $"Its customData has a field '{field.Name}' that extended JSON cannot carry: a name in it begins with '$'.",
                "Rename that field, or take it out, with updateUser."));
        }
    }

    /// <summary>A list of documents; older servers were seen with a list of such lists.</summary>
    private static IEnumerable<PermissionFact> Restrictions(BsonArray? kept, BsonDocument user)
    {
        var list = kept ?? (user.TryGetValue("authenticationRestrictions", out var value) ? value as BsonArray : null) ?? [];
        return list
            .SelectMany(item => item is BsonArray inner ? inner.AsEnumerable() : [item])
            .OfType<BsonDocument>()
            .Select(item => new PermissionFact { Kind = FactKinds.Restriction, Name = "authenticationRestrictions", Value = MongoDbDialect.ToText(item) });
    }

    private static IEnumerable<PermissionFact> Mechanisms(BsonDocument user, string username, List<PlanBlocker> blockers)
    {
        if (!user.TryGetValue("mechanisms", out var value) || value is not BsonArray mechanisms)
            yield break;
        foreach (var mechanism in mechanisms.OfType<BsonString>().Select(text => text.Value))
        {
            if (mechanism.StartsWith("SCRAM-", StringComparison.Ordinal))
                yield return new() { Kind = FactKinds.Mechanism, Name = mechanism };
            else
                blockers.Add(new($"user {username}", $"It logs in with {mechanism}, and MongoDB keeps no password of it.", "Rotate what it logs in with where that is kept."));
        }
    }

    private static IEnumerable<BsonDocument> Documents(BsonDocument document, string field) =>
        document.TryGetValue(field, out var value) && value is BsonArray array ? array.OfType<BsonDocument>() : [];
}
