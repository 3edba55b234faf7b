namespace Nebula.Rotation.Engine.Databases.Redis.Rules;

/// <summary>The databases that the login may select (Valkey 9+).</summary>
internal sealed class DatabaseRule : IAclRule
{
    public string Name => "Databases";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Databases;

    public IEnumerable<string> Words(RuleContext context) =>
        context.Has(RedisFeatures.Databases) ? context.Wanted.SelectMany(fact => AclUser.DatabaseWords(fact.Value ?? "")) : [];
}
