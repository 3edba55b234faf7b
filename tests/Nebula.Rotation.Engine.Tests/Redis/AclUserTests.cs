using Nebula.Rotation.Engine.Databases.Redis;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.Redis;

/// <summary>ACL GETUSER in the forms that releases have had.</summary>
public sealed class AclUserTests
{
    private const string Hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    [Fact]
    public void Release_6_0_has_bare_patterns_and_no_channels()
    {
        var user = AclUser.Read(Map("flags", List("on", "allkeys"), "passwords", List(Hash), "commands", "-@all +get", "keys", List("x", "a b")))!;

        Assert.True(user is { IsOn: true, NeedsNoPassword: false, Features: RedisFeatures.None });
        Assert.Equal([Hash], user.Hashes);
        Assert.Equal(["~x", "~a b"], Patterns(user, FactKinds.Key));
        Assert.Equal(["~*"], Patterns(AclUser.Read(Map("flags", List("on"), "passwords", List(), "commands", "+@all", "keys", "%R~a ~* %W~b"))!, FactKinds.Key));
        Assert.Empty(user.Strange);
    }

    [Fact]
    public void Release_6_2_has_bare_channels()
    {
        var user = AclUser.Read(Map("flags", List("off", "nopass", "skip-sanitize-payload"), "passwords", List(), "commands", "+@all", "keys", List("x"), "channels", List("news")))!;

        Assert.True(user is { IsOn: false, NeedsNoPassword: true, Features: RedisFeatures.Channels });
        Assert.Equal(["&news"], Patterns(user, FactKinds.Channel));
        Assert.Contains(user.Facts, fact => fact is { Kind: FactKinds.Flag, Name: "skip-sanitize-payload" });
    }

    [Fact]
    public void Release_7_has_signs_and_selectors()
    {
        var user = AclUser.Read(Map(
            "flags", List("on", "sanitize-payload"), "passwords", List(Hash), "commands", "-@all +get", "keys", "~a %R~b %W~c~d", "channels", "&x &y",
            "selectors", List(Map("commands", "-@all +set", "keys", "~q\"x ~b", "channels", ""))))!;

        Assert.Equal(["~a", "%R~b", "%W~c~d"], Patterns(user, FactKinds.Key));
        Assert.Equal(["(~b \"~q\\\"x\" resetchannels -@all +set)"], user.Facts.Where(fact => fact.Kind == FactKinds.Selector).Select(fact => fact.Value));
        Assert.DoesNotContain(user.Facts, fact => fact.Kind == FactKinds.Flag);
        Assert.True(user.Features.HasFlag(RedisFeatures.Selectors | RedisFeatures.Channels));
    }

    [Fact]
    public void Valkey_9_has_databases()
    {
        var user = AclUser.Read(Map("flags", List("on"), "passwords", List(), "commands", "+@all", "keys", "", "channels", "", "databases", "db=0,3", "selectors", List(Map("commands", "-@all", "keys", "", "channels", "", "databases", ""))))!;

        Assert.Contains(user.Facts, fact => fact is { Kind: FactKinds.Databases, Value: "db=0,3" });
        Assert.Contains(user.Facts, fact => fact is { Kind: FactKinds.Selector, Value: "(resetchannels resetdbs -@all)" });
        Assert.Equal(["resetdbs", "db=0,3"], AclUser.DatabaseWords("db=0,3"));
    }

    [Fact]
    public void What_a_later_release_may_tell_is_not_lost_in_silence()
    {
        var user = AclUser.Read(Map("flags", List("on", "purple"), "passwords", List(), "commands", "+@all", "keys", "", "channels", "&\uFFFD", "quotas", "1"))!;

        Assert.Equal(3, user.Strange.Count);
        Assert.Null(AclUser.Read(null));
    }

    [Fact]
    public void A_line_of_the_client_list_says_who_it_is()
    {
        var entries = ClientEntry.ReadAll(
            "id=3 addr=10.0.0.1:5 name= age=7 flags=N sub=0 psub=0 ssub=0 cmd=get user=app\n"
            + "id=4 addr=[::1]:5 name=sentinel-0123abcd-cmd age=7 flags=N sub=0 psub=0 cmd=ping user=app\n"
            + "id=5 addr=10.0.0.2:5 name= age=7 flags=S sub=0 psub=0 cmd=replconf user=app\n"
            + "id=6 addr=10.0.0.2:5 name=Nebula.Rotation age=0 flags=N sub=0 psub=0 cmd=acl|getuser user=app\n"
            + "id=7 addr=10.0.0.2:5 name= age=1 flags=b sub=0 psub=0 cmd=blpop user=app\n"
            + "id=8 addr=10.0.0.2:5 name=x age=1 flags=P sub=1 psub=1 ssub=1 cmd=subscribe user=a=b\n");

        Assert.Equal([false, true, true, false, false, false], entries.Select(entry => entry.IsServer));
        Assert.Equal([false, false, false, true, false, false], entries.Select(entry => entry.IsOurs));
        Assert.Equal(("blocked in blpop", "subscribed (3)", "a=b"), (entries[4].State, entries[5].State, entries[5].User));
        Assert.Equal(TimeSpan.FromSeconds(7), entries[0].Age);
    }

    private static List<object?> Map(params object?[] fields) => [.. fields];

    private static List<object?> List(params object?[] items) => [.. items];

    private static IEnumerable<string> Patterns(AclUser user, string kind) => user.Facts.Where(fact => fact.Kind == kind).Select(fact => fact.Name + fact.ObjectName);
}
