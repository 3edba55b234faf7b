using Nebula.Rotation.Engine.Databases.Redis.Rules;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>A user as ACL SETUSER takes it after <c>reset</c>, passwords as hashes.</summary>
internal static class UserWords
{
    public static IEnumerable<string> Of(AclUser user) =>
    [
        user.IsOn ? "on" : "off",
        .. user.NeedsNoPassword ? ["nopass"] : user.Hashes.Select(hash => "#" + hash),
        .. RedisPlanner.AllRules.SelectMany(rule => rule.Words(new RuleContext([.. user.Facts.Where(rule.Handles)], user.Features, []))),
    ];
}
