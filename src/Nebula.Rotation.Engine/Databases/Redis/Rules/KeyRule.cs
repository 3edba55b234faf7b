namespace Nebula.Rotation.Engine.Databases.Redis.Rules;

/// <summary>Patterns of keys, for reading, writing or both.</summary>
internal sealed class KeyRule : IAclRule
{
    public string Name => "Key";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Key;

    public IEnumerable<string> Words(RuleContext context) => ["resetkeys", .. context.Wanted.Select(fact => fact.Name + fact.ObjectName)];
}
