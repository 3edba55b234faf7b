using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>A user may have several passwords at once (redis.io, "ACL SETUSER"): one is added, and later all others go.</summary>
internal sealed class RedisDualPasswordPlanner : IDualPasswordPlanner
{
    private const string Rule = "DualPassword";

    public IReadOnlyList<PlanBlocker> FindBlockers(LoginSnapshot login)
    {
        var user = $"user {RedisDialect.Word(login.Username)}";
        List<PlanBlocker> blockers = [.. RedisPlanner.PasswordBlockers(login, user), .. RedisPlanner.NodeBlockers(login, user)];
        if (login.Hints.GetValueOrDefault(HintNames.Passwords) == "0" && login.Hints.GetValueOrDefault(HintNames.NoPassword) != "true")
            blockers.Add(new(user, "It has no password.", "Give it one, and give it to the store."));
        return blockers;
    }

    public IReadOnlyList<PlannedStatement> PlanAddPassword(LoginSnapshot login)
    {
        var list = new CommandList(RotationStage.CreateLogin);
        foreach (var group in login.GroupsOf())
            list.AddWithHash(Rule, group, "ACL", "SETUSER", login.Username);
        list.Persist(login, login.GroupsOf());
        return list.Statements;
    }

    public IReadOnlyList<PlannedStatement> PlanKeepPassword(LoginSnapshot login)
    {
        var list = new CommandList(RotationStage.Retire);
        ServerLogins.SetPassword(login, list);

        // Where the password is the setting requirepass, that is what a restart goes by and what people look at: it gets the new one, and with it the user.
        var settings = login.List<string>(HintNames.RequirePass);
        foreach (var node in settings)
            list.AddWithPassword(Rule, node, "CONFIG", "SET", "requirepass");
        foreach (var group in login.GroupsOf())
            list.AddWithHash(Rule, group, "ACL", "SETUSER", login.Username, "resetpass");
        list.Persist(login, login.GroupsOf());
        list.PersistSettings(login, [.. settings]);
        return list.Statements;
    }
}
