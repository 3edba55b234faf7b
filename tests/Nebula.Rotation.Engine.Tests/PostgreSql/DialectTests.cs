using Nebula.Rotation.Engine.Databases.PostgreSql;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.PostgreSql;

public sealed class DialectTests
{
    [Theory]
    [InlineData("app", "\"app\"")]
    [InlineData("A\"b'c\\d;--", "\"A\"\"b'c\\d;--\"")]
    public void Identifiers_are_always_quoted(string name, string expected) => Assert.Equal(expected, PostgreSqlDialect.Identifier(name));

    [Theory]
    [InlineData("it's", "'it''s'")]
    [InlineData("a\\'b", "E'a\\\\''b'")]
    [InlineData("", "''")]
    public void Literals_mean_the_same_under_either_string_syntax(string text, string expected) => Assert.Equal(expected, PostgreSqlDialect.Literal(text));

    [Fact]
    public void A_zero_character_and_an_empty_name_are_refused()
    {
        Assert.Throws<RotationException>(() => PostgreSqlDialect.Identifier("a\0"));
        Assert.Throws<RotationException>(() => PostgreSqlDialect.Identifier(""));
        Assert.Throws<RotationException>(() => PostgreSqlDialect.Literal("a\0"));
    }

    [Theory]
    [InlineData("\"$user\", public", new[] { "$user", "public" })]
    [InlineData("a,\"b, \"\"c\"\"\" , D", new[] { "a", "b, \"c\"", "d" })]
    [InlineData("\"\"", new[] { "" })]
    [InlineData("", new string[0])]
    public void Lists_of_names_are_split_as_the_server_does(string list, string[] expected) => Assert.Equal(expected, PostgreSqlDialect.SplitNames(list, foldCase: true));

    [Theory]
    [InlineData("500", "500ms")]
    [InlineData("2s", "2000ms")]
    [InlineData("250ms", "250ms")]
    public void A_lock_timeout_is_taken_in_milliseconds_or_with_a_unit(string option, string expected) => Assert.Equal(expected, PostgreSqlOptions.LockTimeout(Credential(option)));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1s")]
    [InlineData("5min")]
    [InlineData("1'; DROP ROLE x")]
    [InlineData("1sms")]
    [InlineData("61s")]
    public void Any_other_lock_timeout_is_refused(string option) => Assert.Throws<RotationException>(() => PostgreSqlOptions.LockTimeout(Credential(option)));

    [Fact]
    public void An_unknown_option_is_refused_by_name()
    {
        var error = Assert.Throws<RotationException>(() => new PostgreSqlEngine().Validate(Credential("1s") with { Option = new Dictionary<string, string> { ["LokTimeout"] = "1" } }));
        Assert.Contains("LokTimeout", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mentions_are_allowed_by_a_word_and_no_other_word_is_taken()
    {
        static DatabaseCredential With(string name, string value) => Credential("1s") with { Option = new Dictionary<string, string> { [name] = value } };
        Assert.False(PostgreSqlOptions.AllowsMentions(Credential("1s")));
        Assert.True(PostgreSqlOptions.AllowsMentions(With("Allow", "Mentions")));
        Assert.True(PostgreSqlOptions.AllowsMentions(With("allow", " mentions, ")));
        new PostgreSqlEngine().Validate(With("Allow", "Mentions"));
        Assert.Contains("Mention'", Assert.Throws<RotationException>(() => new PostgreSqlEngine().Validate(With("Allow", "Mention"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_admin_goes_past_a_pooler_to_the_addresses_that_it_is_given()
    {
        static DatabaseCredential With(params (string Name, string Value)[] options) =>
            Credential("1s") with { Port = 6432, Option = options.ToDictionary(option => option.Name, option => option.Value) };
        var plain = With();
        Assert.Same(plain, PostgreSqlOptions.Direct(plain));
        var direct = PostgreSqlOptions.Direct(With(("adminhostname", "db1, db2:5433"), ("AdminPort", "5432")));
        Assert.Equal(["db1", "db2:5433"], direct.HostName);
        Assert.Equal(5432, direct.Port);
        Assert.Equal(6432, PostgreSqlOptions.Direct(With(("AdminHostName", "db1"))).Port);
        new PostgreSqlEngine().Validate(With(("AdminHostName", "db1,/var/run/postgresql"), ("AdminPort", "5432")));
    }

    [Theory]
    [InlineData("AdminHostName", "h")]
    [InlineData("AdminHostName", "")]
    [InlineData("AdminHostName", "a,")]
    [InlineData("AdminHostName", "a,a")]
    [InlineData("AdminHostName", "a b")]
    [InlineData("AdminPort", "5432")]
    [InlineData("AdminHostName", "a", "0")]
    [InlineData("AdminHostName", "a", "65536")]
    [InlineData("AdminHostName", "a", "five")]
    public void An_address_past_the_pooler_that_is_none_or_the_poolers_own_is_refused(string name, string value, string? port = null)
    {
        var options = new Dictionary<string, string> { [name] = value };
        if (port is not null)
            options["AdminPort"] = port;
        Assert.Equal(RotationErrorCode.InvalidArgument, Assert.Throws<RotationException>(() => new PostgreSqlEngine().Validate(Credential("1s") with { Option = options })).Code);
    }

    private static DatabaseCredential Credential(string lockTimeout) => new()
    {
        Name = "app",
        DatabaseType = DatabaseType.PostgreSql,
        HostName = ["h"],
        Port = 5432,
        Database = "db",
        Username = "app",
        Option = new Dictionary<string, string> { ["LockTimeout"] = lockTimeout },
    };
}
