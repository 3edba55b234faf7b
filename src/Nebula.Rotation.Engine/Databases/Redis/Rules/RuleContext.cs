namespace Nebula.Rotation.Engine.Databases.Redis.Rules;

/// <summary>What a rule works on.</summary>
/// <param name="Wanted">The rule's facts that the login must have in the end; for commands there may be those of two logins, whose sum is wanted.</param>
/// <param name="Features">What the servers can do.</param>
/// <param name="Beyond">Single commands that the login has and the first of two rule texts does not allow.</param>
internal sealed record RuleContext(IReadOnlyList<PermissionFact> Wanted, RedisFeatures Features, IReadOnlyCollection<string> Beyond)
{
    public bool Has(RedisFeatures feature) => (Features & feature) != 0;
}
