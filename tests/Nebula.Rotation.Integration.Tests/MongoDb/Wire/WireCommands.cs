using MongoDB.Bson;

namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>The commands of one connection: greeting, logging in, looking, and a little data. Those about users are <see cref="WireUserCommands"/>.</summary>
internal sealed class WireCommands(WireNode node)
{
    private static readonly string[] Names =
    [
        "hello", "isMaster", "ping", "buildInfo", "listCommands", "connectionStatus", "saslStart", "saslContinue", "logout", "endSessions", "insert", "find", "count", "delete", "aggregate",
        "killAllSessions", "invalidateUserCache", "getParameter", "serverStatus", "replSetStepDown", .. WireUserCommands.Names,
    ];

    private readonly WireUserCommands _users = new(node);

    public BsonDocument Run(WireConnection connection, BsonDocument command)
    {
        lock (node.Cluster.Gate)
        {
            try
            {
                return Run(connection, command, command.GetElement(0).Name, command.GetValue("$db", "admin").AsString).Add("ok", 1.0);
            }
            catch (WireError e)
            {
                return new() { { "ok", 0.0 }, { "errmsg", e.Message }, { "code", e.Code }, { "codeName", e.Name } };
            }
        }
    }

    private BsonDocument Run(WireConnection connection, BsonDocument command, string name, string db)
    {
        switch (name)
        {
            case "hello" or "isMaster" or "ismaster":
                return Hello(connection, command, name);
            case "ping" or "endSessions":
                return [];
            case "buildInfo":
                return new() { { "version", "7.0.0" }, { "versionArray", new BsonArray { 7, 0, 0, 0 } } };
            case "listCommands":
                return new("commands", new BsonDocument(Names.Where(known => !node.Cluster.Options.IsCompatible || !IsMissing(known)).Select(known => new BsonElement(known, new BsonDocument()))));
            case "saslStart":
                return SaslStart(connection, command, db);
            case "saslContinue":
                return SaslContinue(connection, command);
            case "logout":
                connection.User = null;
                return [];
            case "connectionStatus":
                return ConnectionStatus(connection, command);
        }

        if (!Names.Contains(name) || (node.Cluster.Options.IsCompatible && IsMissing(name)))
            throw WireError.CommandNotFound(name);
        if (connection.User is not { } user)
            throw WireError.Unauthorized($"Command {name} requires authentication");
        switch (name)
        {
            case "insert" or "delete":
                RequirePrimary();
                Require(user, db, name == "insert" ? "insert" : "remove", name);
                var target = Collection(db, command);
                if (name == "delete")
                    return new("n", command["deletes"].AsBsonArray.Sum(item => target.RemoveAll(document => Matches(document, item["q"].AsBsonDocument))));
                target.AddRange(command["documents"].AsBsonArray.Select(document => document.AsBsonDocument));
                return new("n", command["documents"].AsBsonArray.Count);
            case "find":
                Require(user, db, "find", name);
                var found = Collection(db, command).Where(document => Matches(document, command.GetValue("filter", new BsonDocument()).AsBsonDocument));
                return Cursor($"{db}.{command[0]}", found.Take(command.GetValue("limit", 0).ToInt32() is var limit and > 0 ? limit : int.MaxValue));
            case "count":
                Require(user, db, "find", name);
                return new("n", Collection(db, command).Count);
            case "aggregate":
                return CurrentOp(user, command);
            case "killAllSessions":
                RequireCluster(user, "killAnySession", name);
                return [];
            case "invalidateUserCache":
                RequireCluster(user, name, name);
                node.ForgetUsers();
                return [];
            case "getParameter":
                RequireCluster(user, name, name);
                return new("userCacheInvalidationIntervalSecs", 30);
            case "serverStatus":
                RequireCluster(user, name, name);
                return new("connections", new BsonDocument { { "current", node.Connections.Count }, { "available", 100 - node.Connections.Count } });
            case "replSetStepDown":
                RequireCluster(user, "replSetStateChange", name);
                RequirePrimary();
                node.Cluster.StepDown();
                return [];
        }

        if (name is not ("usersInfo" or "rolesInfo"))
            RequirePrimary();
        return _users.Run(user, command, name, db);
    }

    private BsonDocument Hello(WireConnection connection, BsonDocument command, string name)
    {
        if (command.TryGetValue("client", out var metadata) && metadata.AsBsonDocument.TryGetValue("application", out var application))
            connection.Application = application["name"].AsString;
        var reply = new BsonDocument { { "helloOk", true }, { name == "hello" ? "isWritablePrimary" : "ismaster", node.IsPrimary } };
        if (node.Cluster.Options.AreRouters)
            reply.Add("msg", "isdbgrid");
        if (node.Cluster.IsSet)
        {
            reply.Add("secondary", !node.IsPrimary).Add("setName", node.Cluster.Options.SetName).Add("setVersion", 1).Add("me", node.Name);
            reply.Add("hosts", new BsonArray(node.Cluster.Nodes.Select(member => member.Name).Append(node.Cluster.Options.MissingMember).OfType<string>())).Add("primary", node.Cluster.Primary.Name);
            if (node.IsPrimary)
                reply.Add("electionId", node.Cluster.ElectionId);
        }

        if (command.TryGetValue("saslSupportedMechs", out var asked) && asked.AsString.Split('.', 2) is [var db, var user] && node.Find(db, user) is { } known)
            reply.Add("saslSupportedMechs", new BsonArray(known.Credentials.Keys));
        return reply.Add("maxBsonObjectSize", 16_777_216).Add("maxMessageSizeBytes", 48_000_000).Add("maxWriteBatchSize", 100_000).Add("localTime", DateTime.UtcNow)
            .Add("logicalSessionTimeoutMinutes", 30).Add("connectionId", connection.Number).Add("minWireVersion", 0).Add("maxWireVersion", 21).Add("readOnly", false);
    }

    private BsonDocument SaslStart(WireConnection connection, BsonDocument command, string db)
    {
        var mechanism = command["mechanism"].AsString;
        if (mechanism is not (WireScramKeys.Sha1 or WireScramKeys.Sha256))
            throw WireError.BadValue($"Received authentication for mechanism {mechanism} which is unknown or not enabled");
        connection.Conversation = new(mechanism, System.Text.Encoding.UTF8.GetString(command["payload"].AsByteArray), name => node.Find(db, name));
        connection.SkipsEmptyExchange = command.TryGetValue("options", out var options) && options.AsBsonDocument.GetValue("skipEmptyExchange", false).ToBoolean();
        return Step(connection.Conversation.Start(), isDone: false);
    }

    private static BsonDocument SaslContinue(WireConnection connection, BsonDocument command)
    {
        var conversation = connection.Conversation ?? throw new WireError(17, "ProtocolError", "No SASL session state found");
        var payload = System.Text.Encoding.UTF8.GetString(command["payload"].AsByteArray);
        if (payload.Length == 0)
            return Step("", isDone: true);
        var last = conversation.Finish(payload);
        if (!WireRestrictions.Allow(conversation.User!, connection.Remote.Address))
            throw WireError.AuthenticationFailed();
        connection.User = conversation.User;
        return Step(last, connection.SkipsEmptyExchange);
    }

    private static BsonDocument Step(string payload, bool isDone) =>
        new() { { "conversationId", 1 }, { "done", isDone }, { "payload", System.Text.Encoding.UTF8.GetBytes(payload) } };

    private BsonDocument ConnectionStatus(WireConnection connection, BsonDocument command)
    {
        var user = connection.User;
        var info = new BsonDocument("authenticatedUsers", new BsonArray(user is null ? [] : new[] { new BsonDocument { { "user", user.Name }, { "db", user.Db } } }));
        if (command.GetValue("showPrivileges", false).ToBoolean())
            info.Add("authenticatedUserPrivileges", new BsonArray(user is null ? [] : _users.Privileges(user).Select(privilege => privilege.ToDocument())));
        return new("authInfo", info);
    }

    /// <summary>Connections of this server, idle ones too, by who is logged in on them (manual, "$currentOp").</summary>
    private BsonDocument CurrentOp(WireUser user, BsonDocument command)
    {
        RequireCluster(user, "inprog", "aggregate");
        var stages = command["pipeline"].AsBsonArray;
        var either = stages[1]["$match"]["$or"].AsBsonArray;
        var (wanted, application) = (either[0]["effectiveUsers"]["$elemMatch"].AsBsonDocument, either[1]["appName"]);
        return Cursor("admin.$cmd.aggregate", node.Connections
            .Select(Describe)
            .Where(op => op["appName"] == application || (op.TryGetValue("effectiveUsers", out var users) && users[0] == wanted)));
    }

    private BsonDocument Describe(WireConnection connection)
    {
        var op = new BsonDocument
        {
            { "connectionId", connection.Number },
            { node.Cluster.Options.AreRouters ? "client_s" : "client", connection.Remote.ToString() },
            { "appName", connection.Application },
            { "active", connection.Active is not null },
            { "op", connection.Active is null ? "none" : "command" },
        };
        if (connection.Listed is { } listed && (connection.Active is not null || !node.Cluster.Options.HidesIdleUsers))
            op.Add("effectiveUsers", new BsonArray { new BsonDocument { { "user", listed.Name }, { "db", listed.Db } } });
        return op;
    }

    private static BsonDocument Cursor(string ns, IEnumerable<BsonDocument> documents) =>
        new("cursor", new BsonDocument { { "firstBatch", new BsonArray(documents) }, { "id", 0L }, { "ns", ns } });

    private List<BsonDocument> Collection(string db, BsonDocument command)
    {
        var name = $"{db}.{command[0]}";
        return node.Cluster.Collections.TryGetValue(name, out var list) ? list : node.Cluster.Collections[name] = [];
    }

    private static bool Matches(BsonDocument document, BsonDocument filter) => filter.All(field => document.GetValue(field.Name, BsonNull.Value) == field.Value);

    private void RequirePrimary()
    {
        if (!node.IsPrimary)
            throw WireError.NotPrimary();
    }

    private void Require(WireUser user, string db, string action, string command) => _users.Require(user, db, action, command);

    private void RequireCluster(WireUser user, string action, string command) => _users.Require(user, null, action, command);

    private static bool IsMissing(string command) => command is "grantRolesToUser" or "revokeRolesFromUser" or "killAllSessions";
}
