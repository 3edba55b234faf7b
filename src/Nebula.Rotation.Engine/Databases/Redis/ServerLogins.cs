using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>
/// Servers that log in to servers: a replica to its primary (masteruser, masterauth), a sentinel to the nodes (auth-user, auth-pass). They are told the other
/// login while the old one still is, and made to connect once more, so that a mistake shows while there is a way back.
/// </summary>
internal static class ServerLogins
{
    public const string Rule = "ServerLogin";

    public static IReadOnlyList<PlannedStep> Move(LoginSnapshot from, LoginSnapshot to)
    {
        var facts = Known(from).ToList();
        if (facts.Count == 0)
            return [];
        var list = new CommandList(RotationStage.Retire);
        var isAtOnce = ((RedisFeatures)from.Server.Features).HasFlag(RedisFeatures.ManySettings);
        foreach (var fact in facts)
        {
            if (fact.Kind == FactKinds.Monitor)
            {
                // SENTINEL SET writes the sentinel's file by itself (manual, "High availability with Redis Sentinel").
                list.AddWithPassword(Rule, fact.Database, "SENTINEL", "SET", fact.ObjectName!, "auth-user", to.Username, "auth-pass");
                continue;
            }

            if (!isAtOnce)
                list.Add(Rule, fact.Database, "CONFIG", "SET", "masteruser", to.Username);
            list.AddWithPassword(Rule, fact.Database, ["CONFIG", "SET", .. isAtOnce ? ["masteruser", to.Username] : Array.Empty<string>(), "masterauth"]);
        }

        list.PersistSettings(from, Replicas(facts));
        // Nobody but servers is left with this login: the drain has seen to it, or was told to end the others.
        list.Add(Rule, null, "CLIENT", "KILL", "USER", from.Username);
        return [new("server-logins", $"Servers that log in as '{from.Username}'", list.Statements)];
    }

    /// <summary>For a login that keeps its name: the other password, before the old one goes.</summary>
    public static void SetPassword(LoginSnapshot login, CommandList list)
    {
        var facts = Known(login).ToList();
        foreach (var fact in facts)
        {
            if (fact.Kind == FactKinds.Monitor)
                list.AddWithPassword(Rule, fact.Database, "SENTINEL", "SET", fact.ObjectName!, "auth-pass");
            else
                list.AddWithPassword(Rule, fact.Database, "CONFIG", "SET", "masterauth");
        }

        list.PersistSettings(login, Replicas(facts));
        if (facts.Any(fact => fact.Kind == FactKinds.Replication))
            list.Add(Rule, null, "CLIENT", "KILL", "TYPE", "replica", "USER", login.Username);
    }

    private static IEnumerable<PermissionFact> Known(LoginSnapshot login) => login.Facts.Where(fact => fact is { IsExclusive: true, Database: not null });

    private static HashSet<string> Replicas(IEnumerable<PermissionFact> facts) =>
        [.. facts.Where(fact => fact.Kind == FactKinds.Replication).Select(fact => fact.Database!)];
}
