using System.Text.Json;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>
/// The search path that the login really has in each visited database. The default is <c>"$user", public</c>, and a schema that is called like the
/// old login would stop resolving for the new one: such a path is pinned, with the schema's name written out.
/// </summary>
internal sealed class SearchPathRule : IFactRule
{
    public string Name => "SearchPath";

    public bool GoesWithLogin => true;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.SearchPath;

    public void Take(RuleContext context, FactChanges changes)
    {
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Missing)
        {
            var target = SettingRule.Target(context, fact.Database);
            context.Output.Add(Name, null, fact.Value is null ? $"{target} RESET search_path" : $"{target} SET search_path TO {PostgreSqlDialect.Literals(Elements(fact.Value))}");
        }
    }

    /// <summary>
    /// What must be set for the target in each visited database, as facts for <see cref="Give"/>. A fact without a value resets.
    /// </summary>
    public static IEnumerable<PermissionFact> Needed(LoginSnapshot source, LoginSnapshot target) =>
        from path in source.Facts
        where path.Kind == FactKinds.SearchPath
        let needed = Needed(path, source, target)
        where needed is not null
        select needed;

    private static PermissionFact? Needed(PermissionFact path, LoginSnapshot source, LoginSnapshot target)
    {
        string In(string hint) => HintNames.In(hint, path.Database!);
        var resolved = target.Facts.FirstOrDefault(fact => fact.Kind == FactKinds.SearchPath && fact.Database == path.Database);
        var has = target.Hints.GetValueOrDefault(In(HintNames.OwnSearchPath));
        var own = source.Hints.GetValueOrDefault(In(HintNames.OwnSearchPath));
        // "$user" means a schema for one of the two that it would not mean for the other.
        var pinned = source.Hints.ContainsKey(In(HintNames.UserSchema)) || target.Hints.ContainsKey(In(HintNames.NameIsSchema));
        var wanted = pinned ? JsonSerializer.Serialize(Elements(path.Value!)) : own;
        if (wanted is null)
            return has is null ? null : path with { Value = null };
        return has == wanted && resolved?.Value == path.Value ? null : path with { Value = string.Join(", ", JsonSerializer.Deserialize<string[]>(wanted)!.Select(Quote)) };
    }

    private static IReadOnlyList<string> Elements(string value) => PostgreSqlDialect.SplitNames(value, foldCase: false);

    /// <summary>An element as the fact's value has it; unlike an identifier it may be empty.</summary>
    public static string Quote(string element) => "\"" + element.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
}
