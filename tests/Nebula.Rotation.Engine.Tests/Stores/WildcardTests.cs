using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>Wildcards match as PowerShell's do.</summary>
public sealed class WildcardTests
{
    [Theory]
    [InlineData("orders", "Orders", true)]
    [InlineData("orders", "orders2", false)]
    [InlineData("", "", true)]
    [InlineData("*", "", true)]
    [InlineData("*", "anything", true)]
    [InlineData("o*s", "orders", true)]
    [InlineData("o*s", "orderst", false)]
    [InlineData("*a*b*", "xxaxxbxx", true)]
    [InlineData("*ab", "aab", true)]
    [InlineData("a*a", "a", false)]
    [InlineData("?", "x", true)]
    [InlineData("?", "", false)]
    [InlineData("?", "xy", false)]
    [InlineData("app-[0-9]", "APP-7", true)]
    [InlineData("app-[0-9]", "app-x", false)]
    [InlineData("[a-c]x", "Bx", true)]
    [InlineData("[abc]x", "dx", false)]
    [InlineData("[a-]x", "-x", true)]
    [InlineData("[!a]", "!", true)]
    [InlineData("a`*b", "a*b", true)]
    [InlineData("a`*b", "axb", false)]
    [InlineData("a`[b`]", "a[b]", true)]
    [InlineData("a[`]]", "a]", true)]
    [InlineData("a]", "a]", true)]
    [InlineData("b\u00fccher*", "BU\u0308CHER-1", true)]
    [InlineData("a.c", "abc", false)]
    public void A_pattern_matches(string pattern, string name, bool expected) =>
        Assert.Equal(expected, new Wildcard(pattern).IsMatch(CredentialNames.Fold(name)));

    [Theory]
    [InlineData("orders", "ORDERS")]
    [InlineData("a`*b", "A*B")]
    [InlineData("a*", null)]
    [InlineData("[a]", null)]
    public void A_pattern_without_wildcards_is_one_name(string pattern, string? expected) => Assert.Equal(expected, new Wildcard(pattern).Exact);

    [Fact]
    public void A_pattern_made_to_be_slow_is_not() =>
        Assert.False(new Wildcard(string.Concat(Enumerable.Repeat("*a", 50)) + "b").IsMatch(new string('A', 5000)));
}
