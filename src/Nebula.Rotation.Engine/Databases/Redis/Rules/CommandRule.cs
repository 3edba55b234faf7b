namespace Nebula.Rotation.Engine.Databases.Redis.Rules;

/// <summary>Command rules, in the order in which the server gave them: a later one takes back what an earlier one gave.</summary>
internal sealed class CommandRule : IAclRule
{
    public string Name => "Commands";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Commands;

    public IEnumerable<string> Words(RuleContext context)
    {
        var words = context.Wanted.Take(1).SelectMany(fact => fact.Value!.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        // A text that begins otherwise goes on from where the login is.
        return [.. words is ["+@all" or "-@all", ..] ? [] : new[] { "-@all" }, .. words, .. context.Beyond.Select(command => "+" + command)];
    }
}
