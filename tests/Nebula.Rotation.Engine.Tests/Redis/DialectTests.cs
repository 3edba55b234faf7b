using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.Redis;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.Redis;

public sealed class DialectTests
{
    [Theory]
    [InlineData("app_1", "app_1")]
    [InlineData("~app:*", "~app:*")]
    [InlineData("", "\"\"")]
    [InlineData("a b", "\"a b\"")]
    [InlineData("a\"b", "\"a\\\"b\"")]
    [InlineData("it's", "\"it's\"")]
    [InlineData("a\\b", "\"a\\\\b\"")]
    [InlineData("a\nb\u0001", "\"a\\nb\\x01\"")]
    [InlineData("ä", "ä")]
    public void A_word_is_quoted_where_redis_cli_would_read_it_otherwise(string word, string text)
    {
        Assert.Equal(text, RedisDialect.Word(word));
        Assert.Equal([word], RedisDialect.Split(text));
    }

    [Theory]
    [InlineData("GET \"a")]
    [InlineData("GET 'a")]
    [InlineData("GET \"a\"b")]
    public void A_line_that_redis_cli_does_not_read_is_refused(string text) => Assert.Throws<FormatException>(() => RedisDialect.Split(text));

    [Fact]
    public void A_slot_behind_a_number_sign_takes_the_hash_and_any_other_the_password()
    {
        // FIPS 180-4 of "test".
        const string Hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        var login = new Login("app", new("test"));
        PlannedStatement Statement(string text) => new() { Stage = RotationStage.CreateLogin, Text = text, TextAfterPassword = "" };

        Assert.Equal(["ACL", "SETUSER", "app", "#" + Hash], RedisDialect.Words(Statement("ACL SETUSER app #"), login));
        Assert.False(RedisDialect.NeedsPlainPassword(Statement("ACL SETUSER app #")));
        var quoted = new Login("app", new("it's \"a\\ b\""));
        Assert.Equal(["CONFIG", "SET", "masterauth", "it's \"a\\ b\""], RedisDialect.Words(Statement("CONFIG SET masterauth "), quoted));
        Assert.True(RedisDialect.NeedsPlainPassword(Statement("CONFIG SET masterauth ")));
        Assert.Equal("CONFIG SET masterauth '***'", Statement("CONFIG SET masterauth ").MaskedText);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a\u0000b")]
    [InlineData("a\u00a0b")]
    public void A_user_name_with_a_blank_is_refused(string name) =>
        Assert.Equal(RotationErrorCode.InvalidArgument, Assert.Throws<RotationException>(() => RedisDialect.ValidateUsername(name)).Code);
}
