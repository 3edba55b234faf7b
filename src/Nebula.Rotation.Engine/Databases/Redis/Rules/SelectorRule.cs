namespace Nebula.Rotation.Engine.Databases.Redis.Rules;

/// <summary>Selectors (7.0+): no single one can be taken away, so all are written.</summary>
internal sealed class SelectorRule : IAclRule
{
    public string Name => "Selector";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Selector;

    public IEnumerable<string> Words(RuleContext context) =>
        context.Has(RedisFeatures.Selectors) ? ["clearselectors", .. context.Wanted.Select(fact => fact.Value!)] : [];
}
