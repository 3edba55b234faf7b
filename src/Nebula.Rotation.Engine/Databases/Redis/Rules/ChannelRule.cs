namespace Nebula.Rotation.Engine.Databases.Redis.Rules;

/// <summary>Patterns of channels. What a new user has differs by version and setting (acl-pubsub-default), so they are always written.</summary>
internal sealed class ChannelRule : IAclRule
{
    public string Name => "Channel";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Channel;

    public IEnumerable<string> Words(RuleContext context) =>
        context.Has(RedisFeatures.Channels) ? ["resetchannels", .. context.Wanted.Select(fact => fact.Name + fact.ObjectName)] : [];
}
