using MongoDB.Bson;

namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>
/// The commands about users and roles (manual, "User Management Commands" and "Role Management Commands"): what each takes, which action it needs, and
/// what is refused.
/// </summary>
internal sealed class WireUserCommands(WireNode node)
{
    public static readonly string[] Names =
        ["createUser", "updateUser", "dropUser", "grantRolesToUser", "revokeRolesFromUser", "usersInfo", "rolesInfo", "createRole", "dropRole"];

    private static readonly string[] Always = ["$db", "lsid", "maxTimeMS", "writeConcern", "$clusterTime", "$readPreference", "comment"];
    private static readonly string[] UserFields = ["pwd", "customData", "roles", "digestPassword", "authenticationRestrictions", "mechanisms"];
    private static readonly string[] Mechanisms = [WireScramKeys.Sha1, WireScramKeys.Sha256];

    private WireCluster Cluster => node.Cluster;

    public BsonDocument Run(WireUser by, BsonDocument command, string name, string db)
    {
        var subject = command[0];
        switch (name)
        {
            case "createUser":
                Check(command, UserFields);
                Create(by, command, subject.AsString, db);
                break;
            case "updateUser":
                Check(command, UserFields);
                Update(by, command, subject.AsString, db);
                break;
            case "dropUser":
                Check(command);
                Require(by, db, "dropUser", name);
                Find(subject.AsString, db);
                Cluster.Users = Cluster.Users.Remove((db, subject.AsString));
                break;
            case "grantRolesToUser" or "revokeRolesFromUser":
                Check(command, "roles");
                ChangeRoles(by, command, Find(subject.AsString, db), name == "grantRolesToUser");
                break;
            case "createRole":
                Require(by, db, "createRole", name);
                Cluster.Roles[(db, subject.AsString)] = [.. Roles(command["roles"], db)];
                break;
            case "dropRole":
                Require(by, db, "dropRole", name);
                Cluster.Roles.Remove((db, subject.AsString));
                break;
            case "rolesInfo":
                return new("roles", new BsonArray(Roles(subject, db).Where(Exists).Select(role => new BsonDocument { { "role", role.Role }, { "db", role.Db } })));
            default:
                return UsersInfo(by, command, subject, db);
        }

        // The one that made the change knows it at once.
        node.ForgetUsers();
        return [];
    }

    public IReadOnlyList<WirePrivileges.Privilege> Privileges(WireUser user)
    {
        List<WirePrivileges.Privilege> privileges = [];
        var open = new Queue<(string Role, string Db)>(user.Roles);
        HashSet<(string, string)> seen = [];
        while (open.TryDequeue(out var role))
        {
            if (!seen.Add(role))
                continue;
            privileges.AddRange(WirePrivileges.BuiltIn(role.Role, role.Db) ?? []);
            foreach (var included in Cluster.Roles.GetValueOrDefault((role.Db, role.Role)) ?? [])
                open.Enqueue(included);
        }

        return privileges;
    }

    public void Require(WireUser user, string? db, string action, string command)
    {
        if (!Privileges(user).Any(privilege => privilege.Actions.Contains(action) && (db is null ? privilege.Db is null : privilege.Db is "" || privilege.Db == db)))
            throw WireError.Unauthorized($"not authorized on {db ?? "admin"} to execute command {{ {command} }}");
    }

    private void Create(WireUser by, BsonDocument command, string user, string db)
    {
        Require(by, db, "createUser", "createUser");
        if (user.Length == 0)
            throw WireError.BadValue("User document needs 'user' field to be non-empty");
        if (!command.TryGetValue("roles", out var wanted))
            throw new WireError(9, "FailedToParse", "BSON field 'createUser.roles' is missing but a required field");
        var roles = Granted(by, wanted, db, "createUser");
        var restrictions = ReadRestrictions(by, command, db);
        if (Cluster.Users.ContainsKey((db, user)))
            throw WireError.UserExists(user, db);
        Cluster.Users = Cluster.Users.Add((db, user), new(user, db)
        {
            Credentials = Derive(command, user),
            Roles = roles,
            CustomData = command.TryGetValue("customData", out var data) ? data.AsBsonDocument : null,
            Restrictions = restrictions,
        });
    }

    private void Update(WireUser by, BsonDocument command, string name, string db)
    {
        var user = Find(name, db);
        if (!UserFields.Any(command.Contains))
            throw WireError.BadValue("Must specify at least one field to update in updateUser");
        if (command.Contains("pwd"))
        {
            Require(by, db, "changePassword", "updateUser");
            user = user with { Credentials = Derive(command, name) };
        }
        else if (command.TryGetValue("mechanisms", out var fewer))
        {
            var kept = fewer.AsBsonArray.Select(mechanism => mechanism.AsString).ToList();
            if (kept.FirstOrDefault(mechanism => !user.Credentials.ContainsKey(mechanism)) is { })
                throw WireError.BadValue("mechanisms field must be a subset of previously set mechanisms");
            user = user with { Credentials = user.Credentials.Where(pair => kept.Contains(pair.Key)).ToDictionary() };
        }

        if (command.TryGetValue("customData", out var data))
        {
            Require(by, db, "changeCustomData", "updateUser");
            user = user with { CustomData = data.AsBsonDocument };
        }

        if (command.Contains("authenticationRestrictions"))
            user = user with { Restrictions = ReadRestrictions(by, command, db) };
        if (command.TryGetValue("roles", out var roles))
        {
            foreach (var (_, of) in user.Roles)
                Require(by, of, "revokeRole", "updateUser");
            user = user with { Roles = Granted(by, roles, db, "updateUser") };
        }

        Cluster.Users = Cluster.Users.SetItem((db, name), user);
    }

    private void ChangeRoles(WireUser by, BsonDocument command, WireUser user, bool isGrant)
    {
        var roles = Roles(command["roles"], user.Db);
        foreach (var role in roles)
        {
            Require(by, role.Db, isGrant ? "grantRole" : "revokeRole", command.GetElement(0).Name);
            if (!Exists(role))
                throw WireError.RoleNotFound(role.Role, role.Db);
        }

        Cluster.Users = Cluster.Users.SetItem((user.Db, user.Name), user with { Roles = isGrant ? [.. user.Roles.Union(roles)] : [.. user.Roles.Except(roles)] });
    }

    private BsonDocument UsersInfo(WireUser by, BsonDocument command, BsonValue subject, string db)
    {
        var isAll = subject is BsonDocument document && document.Contains("forAllDBs");
        var (name, of) = subject switch
        {
            BsonDocument { } id when !isAll => (id["user"].AsString, id["db"].AsString),
            BsonString text => (text.Value, db),
            _ => (isAll ? command["filter"]["user"].AsString : null, isAll ? null : db),
        };
        if (name != by.Name || of != by.Db)
            Require(by, of ?? "", "viewUser", "usersInfo");
        if (Cluster.Options.IsCompatible && command.Contains("showAuthenticationRestrictions"))
            throw WireError.UnknownField("usersInfo", "showAuthenticationRestrictions");
        var users = Cluster.Users.Values.Where(user => (name is null || user.Name == name) && (of is null || user.Db == of)).Select(user => Describe(user, command)).ToList();
        return users.Count == 0 && Cluster.Options.IsCompatible ? [] : new("users", new BsonArray(users));
    }

    private static BsonDocument Describe(WireUser user, BsonDocument command)
    {
        var document = new BsonDocument
        {
            { "_id", $"{user.Db}.{user.Name}" },
            { "userId", new BsonBinaryData(user.Id, GuidRepresentation.Standard) },
            { "user", user.Name },
            { "db", user.Db },
            { "roles", new BsonArray(user.Roles.Select(role => new BsonDocument { { "role", role.Role }, { "db", role.Db } })) },
            { "mechanisms", new BsonArray(user.Credentials.Keys) },
        };
        if (user.CustomData is not null && command.GetValue("showCustomData", true).ToBoolean())
            document.Add("customData", user.CustomData);
        if (command.GetValue("showAuthenticationRestrictions", false).ToBoolean())
            document.Add("authenticationRestrictions", user.Restrictions);
        if (command.GetValue("showCredentials", false).ToBoolean())
            document.Add("credentials", new BsonDocument(user.Credentials.Select(pair => new BsonElement(pair.Key, pair.Value.ToDocument()))));
        return document;
    }

    private static Dictionary<string, WireScramKeys> Derive(BsonDocument command, string user)
    {
        if (!command.TryGetValue("pwd", out var value) || value is not BsonString { Value: { Length: > 0 } password })
            throw WireError.BadValue("Must provide a 'pwd' field for all user documents, except those with '$external' as the user's source db");
        var wanted = command.TryGetValue("mechanisms", out var list) ? list.AsBsonArray.Select(mechanism => mechanism.AsString) : Mechanisms;
        return wanted.ToDictionary(mechanism => mechanism, mechanism => Mechanisms.Contains(mechanism) ? WireScramKeys.Derive(mechanism, user, password) : throw WireError.BadValue($"Unknown auth mechanism '{mechanism}'"));
    }

    private BsonArray ReadRestrictions(WireUser by, BsonDocument command, string db)
    {
        if (!command.TryGetValue("authenticationRestrictions", out var value))
            return [];
        if (Cluster.Options.IsCompatible)
            throw WireError.UnknownField(command.GetElement(0).Name, "authenticationRestrictions");
        Require(by, db, "setAuthenticationRestriction", command.GetElement(0).Name);
        WireRestrictions.Validate(value.AsBsonArray);
        return value.AsBsonArray;
    }

    private List<(string Role, string Db)> Granted(WireUser by, BsonValue roles, string db, string command)
    {
        var list = Roles(roles, db);
        foreach (var role in list)
        {
            Require(by, role.Db, "grantRole", command);
            if (!Exists(role))
                throw WireError.RoleNotFound(role.Role, role.Db);
        }

        return list;
    }

    private static List<(string Role, string Db)> Roles(BsonValue roles, string db) =>
        [.. roles.AsBsonArray.Select(role => role is BsonString text ? (text.Value, db) : (role["role"].AsString, role["db"].AsString))];

    private bool Exists((string Role, string Db) role) => WirePrivileges.IsBuiltIn(role.Role, role.Db) || Cluster.Roles.ContainsKey((role.Db, role.Role));

    private WireUser Find(string name, string db) => Cluster.Users.GetValueOrDefault((db, name)) ?? throw WireError.UserNotFound(name, db);

    private static void Check(BsonDocument command, params string[] fields)
    {
        if (command.Names.Skip(1).FirstOrDefault(name => !fields.Contains(name) && !Always.Contains(name)) is { } unknown)
            throw WireError.UnknownField(command.GetElement(0).Name, unknown);
    }
}
