using MongoDB.Bson;
using Nebula.Rotation.Engine.Databases.MongoDb.Rules;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>
/// Facts → commands, by a list of rules. A user owns nothing, so nothing is exclusive and no overlap is needed; a new one comes with everything in one
/// createUser, which is all or nothing.
/// </summary>
internal sealed class MongoDbPlanner(IReadOnlyList<IFactRule> rules) : ILoginPlanner
{
    private const string BlockRule = "Block";

    public MongoDbPlanner()
        : this(AllRules)
    {
    }

    /// <summary>Every rule, in the order of the command's fields.</summary>
    public static IReadOnlyList<IFactRule> AllRules { get; } = [new RoleRule(), new CustomDataRule(), new RestrictionRule(), new MechanismRule()];

    public ClonePlan PlanClone(LoginSnapshot source, LoginSnapshot target)
    {
        var statements = target.Exists ? Change(source, target) : Create(source, target);
        return new()
        {
            CreateStatements = [.. statements.Where(statement => statement.Stage == RotationStage.CreateLogin)],
            CloneStatements = [.. statements.Where(statement => statement.Stage == RotationStage.ClonePermissions)],
            Blockers = [.. source.Blockers],
            Warnings = [],
        };
    }

    public SnapshotDiff Compare(LoginSnapshot source, LoginSnapshot target, bool afterMove) => SnapshotDiff.Of(source.Facts, target.Facts);

    public IReadOnlyList<PlannedStatement> PlanPassword(LoginSnapshot login) =>
        [MongoDbDialect.Command(RotationStage.CreateLogin, "Password", AuthSource(login), "updateUser", login.Username, hasSlot: true, Mechanisms(login))];

    public IReadOnlyList<PlannedStatement> PlanBlock(LoginSnapshot login) => login.Exists ? [Block(login)] : [];

    public IReadOnlyList<PlannedStatement> PlanUnblock(LoginSnapshot login)
    {
        if (!login.Exists)
            return [];
        var fields = Mechanisms(login).Add(CustomDataRule.Field, CustomDataRule.ToDocument(login.Facts));
        if (RestrictionRule.IsLockedOut(login))
            fields.Add(RestrictionRule.Field, RestrictionRule.ToArray(login.Facts));
        return [MongoDbDialect.Command(RotationStage.Retire, BlockRule, AuthSource(login), "updateUser", login.Username, hasSlot: true, fields)];
    }

    public IReadOnlyList<PlannedStep> PlanMove(LoginSnapshot from, LoginSnapshot to) => [];

    public IReadOnlyList<PlannedStatement> PlanEndOverlap(LoginSnapshot old, LoginSnapshot @new) => [];

    public IReadOnlyList<PlannedStatement> PlanDrop(LoginSnapshot login, LoginSnapshot successor) =>
        login.Exists ? [MongoDbDialect.Command(RotationStage.Retire, "Drop", AuthSource(login), "dropUser", login.Username, hasSlot: false, [])] : [];

    public IReadOnlyList<PlannedStatement> PlanIdle(LoginSnapshot login, LoginSnapshot successor) => login is { Exists: true, CanLogIn: true } ? [Block(login)] : [];

    /// <summary>
    /// Takes the rights of connections that are there already: a random password alone leaves them theirs. The user's own restrictions are kept in
    /// the mark, so that whatever enables it again gives them back.
    /// </summary>
    public static PlannedStatement PlanLockOut(LoginSnapshot login)
    {
        var mark = BlockMark.LockedOut(RestrictionRule.ToArray(login.Facts));
        var fields = new BsonDocument { { CustomDataRule.Field, CustomDataRule.WithMark(login, mark) }, { RestrictionRule.Field, BlockMark.NoSource } };
        return MongoDbDialect.Command(RotationStage.Retire, "LockOut", AuthSource(login), "updateUser", login.Username, hasSlot: false, fields);
    }

    /// <summary>Live connections keep their rights: the server looks a changed user up again, and it is the same user.</summary>
    private static PlannedStatement Block(LoginSnapshot login)
    {
        var mark = login.Hints.TryGetValue(HintNames.BlockMark, out var left) ? BsonDocument.Parse(left) : BlockMark.Blocked;
        var fields = new BsonDocument(MongoDbDialect.PasswordField, MongoDbDialect.RandomPassword);
        fields.AddRange(Mechanisms(login));
        fields.Add(CustomDataRule.Field, CustomDataRule.WithMark(login, mark));
        return MongoDbDialect.Command(RotationStage.Retire, BlockRule, AuthSource(login), "updateUser", login.Username, hasSlot: false, fields);
    }

    private List<PlannedStatement> Create(LoginSnapshot source, LoginSnapshot target)
    {
        var fields = new BsonDocument();
        foreach (var rule in rules)
        {
            if (rule.Create([.. source.Facts.Where(rule.Handles)]) is { } field)
                fields.Add(field);
        }

        if (!fields.Contains(RoleRule.Field))
            fields.Add(RoleRule.Field, new BsonArray());
        return [MongoDbDialect.Command(RotationStage.CreateLogin, "Create", AuthSource(source), "createUser", target.Username, hasSlot: true, fields)];
    }

    private IReadOnlyList<PlannedStatement> Change(LoginSnapshot source, LoginSnapshot target)
    {
        var diff = Compare(source, target, afterMove: false);
        var context = new RuleContext(target) { SetsPassword = !target.CanLogIn };
        foreach (var rule in rules)
            rule.Change(context, new([.. source.Facts.Where(rule.Handles)], [.. diff.Missing.Where(rule.Handles)], [.. diff.Extra.Where(rule.Handles)]));
        return context.Statements;
    }

    private static BsonDocument Mechanisms(LoginSnapshot login) =>
        MechanismRule.ToArray(login.Facts) is { Count: > 0 } mechanisms ? new(MechanismRule.Field, mechanisms) : [];

    private static string AuthSource(LoginSnapshot login) => login.Hints[HintNames.AuthSource];
}
