namespace Nebula.Rotation.Engine.Databases.Redis.Rules;

/// <summary>Flags other than on and off, which are the state that a block switches: whether payloads of RESTORE are checked (6.2+).</summary>
internal sealed class FlagRule : IAclRule
{
    public string Name => "Flag";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Flag;

    public IEnumerable<string> Words(RuleContext context) =>
        context.Wanted.Count > 0 ? context.Wanted.Select(fact => fact.Name) : context.Has(RedisFeatures.Channels) ? ["sanitize-payload"] : [];
}
