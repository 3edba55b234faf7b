using Nebula.Rotation.Engine.Publishing.Formats;

namespace Nebula.Rotation.Engine.Tests.Publishing;

/// <summary>Each format by examples: what is written, and what stays.</summary>
public sealed class FormatTests
{
    [Theory]
    [InlineData("", "PW=new\n")]
    [InlineData("A=1", "A=1\nPW=new\n")]
    [InlineData("A=1\r\n", "A=1\r\nPW=new\r\n")]
    [InlineData("PW=old\n", "PW=new\n")]
    [InlineData("  export  PW = \"old\"  # note\nB=2\n", "  export  PW = new  # note\nB=2\n")]
    [InlineData("PW='two\nlines' #x\r\nB='PW=no'\r\n", "PW=new #x\r\nB='PW=no'\r\n")]
    [InlineData("# PW=no\nPWX=a\nPW=\nPW=old#1\n", "# PW=no\nPWX=a\nPW=new\nPW=new\n")]
    [InlineData("PW=$OTHER\n", "PW=new\n")]
    [InlineData("PW='new'\n", "PW='new'\n")]
    [InlineData("PW=n'e'\"w\"\n", "PW=n'e'\"w\"\n")]
    public void A_variable_is_set_and_the_rest_stays(string text, string expected) =>
        Assert.Equal(expected, new EnvFormat().Write(text, Formats.Login("u", "new", ("PW", PublishFormat.Password))));

    [Fact]
    public void A_quote_that_never_ends_is_refused_without_what_it_quotes()
    {
        var exception = Assert.Throws<RotationException>(() => new EnvFormat().Write("PW='canary\n", Formats.Login("u", "new", ("PW", PublishFormat.Password))));
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "a", "{\n  \"a\": \"new\"\n}\n")]
    [InlineData("{}", "a:b", "{\n  \"a\": {\n    \"b\": \"new\"\n  }\n}")]
    [InlineData("{ \"a\": 1 }", "b", "{ \"a\": 1, \"b\": \"new\" }")]
    [InlineData("{ \"a\": { \"x\": true } }", "a:b:c", "{ \"a\": { \"x\": true, \"b\": { \"c\": \"new\" } } }")]
    [InlineData("{\r\n\t\"a\": 1, // one\r\n\t/* two */\r\n}\r\n", "b", "{\r\n\t\"a\": 1, // one\r\n\t/* two */\r\n\t\"b\": \"new\"\r\n}\r\n")]
    [InlineData("{\n    \"a\": 1 // one, two\n}\n", "b", "{\n    \"a\": 1, // one, two\n    \"b\": \"new\"\n}\n")]
    [InlineData("{\"A\":{\"B\":\"old\"},\"z\":[1,]}", "a:b", "{\"A\":{\"B\":\"new\"},\"z\":[1,]}")]
    [InlineData("{\"a:b\":null}", "a:b", "{\"a:b\":\"new\"}")]
    [InlineData("{\"l\":[{\"p\":\"old\"},{\"p\":\"old\"}]}", "l:1:p", "{\"l\":[{\"p\":\"old\"},{\"p\":\"new\"}]}")]
    [InlineData("{\"a\":\"\\u006eew\"}", "a", "{\"a\":\"\\u006eew\"}")]
    public void A_key_is_set_and_the_rest_stays(string text, string key, string expected) =>
        Assert.Equal(expected, new JsonFormat().Write(text, Formats.Login("u", "new", (key, PublishFormat.Password))));

    [Fact]
    public void A_port_that_is_a_number_stays_one() =>
        Assert.Equal("{\"p\":5432,\"q\":\"5432\"}", new JsonFormat().Write("{\"p\":1,\"q\":\"1\"}", Formats.Login("u", "x", ("p", PublishFormat.Port), ("q", PublishFormat.Port))));

    [Theory]
    [InlineData("{\"a\":\"canary\"", "a")]
    [InlineData("{\"a\":\"canary\"}", "a:b")]
    [InlineData("{\"a\":{\"b\":\"canary\"}}", "a")]
    [InlineData("[\"canary\"]", "a")]
    [InlineData("{\"a\":\"canary\\ud800\"}", "a")]
    public void A_file_without_a_place_for_the_key_is_refused_without_what_it_holds(string text, string key)
    {
        var exception = Assert.Throws<RotationException>(() => new JsonFormat().Write(text, Formats.Login("u", "new", (key, PublishFormat.Password))));
        Assert.Equal(RotationErrorCode.PublishFailed, exception.Code);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_of_the_password_file_goes_before_what_would_fit_and_leaves_the_old_one()
    {
        const string Text = "# a\ndb1:5432:shop:old:o\ndb2:5433:*:*:w\n";
        var written = new PgPassFormat().Write(Text, Formats.Login("u:1", "p\\:"));

        Assert.Equal("# a\ndb1:5432:shop:old:o\ndb2:5433:shop:u\\:1:p\\\\\\:\ndb2:5433:*:*:w\ndb1:5432:shop:u\\:1:p\\\\\\:\n\\:\\:1:7:shop:u\\:1:p\\\\\\:\n".Split('\n').Order(), written.Split('\n').Order());
        Assert.True(written.IndexOf("db2:5433:shop", StringComparison.Ordinal) < written.IndexOf("db2:5433:*", StringComparison.Ordinal));
        Assert.Equal("# a\ndb2:5433:*:*:w\n", new PgPassFormat().Remove(Text, Formats.Login("old", "")));
    }

    [Fact]
    public void A_password_with_a_line_end_is_refused_where_it_cannot_be_held() =>
        Assert.Throws<RotationException>(() => new PgPassFormat().Write("", Formats.Login("u", "a\nb")));

    [Theory]
    [InlineData("", "[client]\npassword=\"new\"\n")]
    [InlineData("[client]", "[client]\npassword=\"new\"")]
    [InlineData("[mysqld]\npassword=x\n[ client ] # c\nuser=u\n\n[dump]\nquick\n", "[mysqld]\npassword=x\n[ client ] # c\nuser=u\npassword=\"new\"\n\n[dump]\nquick\n")]
    [InlineData("[client]\r\npassword = old # c\r\n# password=x\r\n", "[client]\r\npassword=\"new\"\r\n# password=x\r\n")]
    [InlineData("[client]\npassword=a\n[x]\n[client]\npassword='new'\n", "[client]\npassword=\"new\"\n[x]\n[client]\npassword='new'\n")]
    [InlineData("[client]\npassword=\"n\\\"ew\"\n", "[client]\npassword=\"new\"\n")]
    public void An_option_of_a_section_is_set_and_the_rest_stays(string text, string expected) =>
        Assert.Equal(expected, new MyCnfFormat().Write(text, Formats.Login("u", "new", ("password", PublishFormat.Password))));

    [Fact]
    public void Another_section_can_be_named() =>
        Assert.Equal("[client]\n[app]\npassword=\"new\"\n", new MyCnfFormat().Write("[client]\n", Formats.Login("u", "new", ("password", PublishFormat.Password)).With(("section", "app"))));

    [Theory]
    [InlineData("", "\"u\" \"new\"\n")]
    [InlineData("\"old\" \"x\"\n\"o\" \"y\"\n", "\"u\" \"new\"\n\"old\" \"x\"\n\"o\" \"y\"\n")]
    [InlineData("; c\n  \"u\" \"a\"\"b\" rest\n", "; c\n\"u\" \"new\" rest\n")]
    [InlineData("\"u\" \"new\"\r\n", "\"u\" \"new\"\r\n")]
    public void A_user_of_the_list_is_set_and_the_rest_stays(string text, string expected) =>
        Assert.Equal(expected, new UserListFormat().Write(text, Formats.Login("u", "new")));

    [Fact]
    public void A_user_is_taken_out_of_the_list() =>
        Assert.Equal("\"a\" \"1\"\r\n", new UserListFormat().Remove("\"a\" \"1\"\r\n\"o\"\"x\" \"2\"\r\n", Formats.Login("o\"x", "")));

    [Theory]
    [InlineData("kind: Secret\ndata:\n  password: b2xk # c\n  b: eA==\n", "kind: Secret\ndata:\n  password: bmV3 # c\n  b: eA==\n")]
    [InlineData("kind: Secret\r\ndata:\r\n    b: eA== # c\r\ntype: Opaque\r\n", "kind: Secret\r\ndata:\r\n    b: eA== # c\r\n    password: bmV3\r\ntype: Opaque\r\n")]
    [InlineData("kind: Secret\ndata:\n  b: |\n    eA==\n\ntype: Opaque\n", "kind: Secret\ndata:\n  b: |\n    eA==\n  password: bmV3\n\ntype: Opaque\n")]
    [InlineData("kind: Secret\nmetadata:\n  name: a\n", "kind: Secret\nmetadata:\n  name: a\ndata:\n  password: bmV3\n")]
    [InlineData("kind: Secret\ndata: {}", "kind: Secret\ndata: {\"password\": \"bmV3\"}")]
    [InlineData("kind: Secret\ndata:\ntype: Opaque\n", "kind: Secret\ndata:\n  password: bmV3\ntype: Opaque\n")]
    [InlineData("kind: ConfigMap\ndata:\n  password: x\n---\n# the one\nkind: \"Secret\"\ndata:\n  password: \"b2xk\"\n", "kind: ConfigMap\ndata:\n  password: x\n---\n# the one\nkind: \"Secret\"\ndata:\n  password: \"bmV3\"\n")]
    [InlineData("kind: Secret\nstringData:\n  password: old # c\n", "kind: Secret\nstringData:\n  password: \"new\" # c\n")]
    [InlineData("{\"kind\": \"Secret\", \"data\": {\"a\": \"eA==\"}}", "{\"kind\": \"Secret\", \"data\": {\"a\": \"eA==\", \"password\": \"bmV3\"}}")]
    [InlineData("{\"kind\": \"Secret\"}", "{\"kind\": \"Secret\", \"data\": {\"password\": \"bmV3\"}}")]
    public void A_key_of_a_secret_is_set_and_the_rest_stays(string text, string expected)
    {
        var login = Formats.Login("u", "new", ("password", PublishFormat.Password));
        var written = new KubernetesFormat().Write(text, login);
        Assert.Equal(expected, written);
        Assert.Equal(expected, new KubernetesFormat().Write(written, login));
    }

    [Fact]
    public void The_Secret_of_a_name_is_found_among_others()
    {
        const string Text = "kind: Secret\nmetadata: {name: a}\ndata: {password: b2xk}\n---\nkind: Secret\nmetadata: {name: b}\ndata: {password: b2xk}\n";
        var login = Formats.Login("u", "new", ("password", PublishFormat.Password));

        Assert.Contains("2 Secrets", Assert.Throws<RotationException>(() => new KubernetesFormat().Write(Text, login)).Message, StringComparison.Ordinal);
        Assert.Equal(Text[..^6] + "bmV3}\n", new KubernetesFormat().Write(Text, login.With(("name", "b"))));
    }
}
