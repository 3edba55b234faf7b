using Nebula.Rotation.Engine.Databases.PostgreSql.Mentions;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.PostgreSql;

/// <summary>What a text of the catalog says about a login, and whether its rotation changes what the text does.</summary>
public sealed class MentionTextTests
{
    [Theory]
    [InlineData("(owner = CURRENT_USER)")]
    [InlineData("((owner)::name = CURRENT_USER)")]
    [InlineData("(owner = (SESSION_USER)::text)")]
    [InlineData("((CURRENT_USER)::text <> owner)")]
    [InlineData("(USER = owner)")]
    [InlineData("(CURRENT_USER = ANY (owners))")]
    [InlineData("(owner IS DISTINCT FROM CURRENT_USER)")]
    [InlineData("(CURRENT_USER = 'app'::name)")]
    [InlineData("pg_has_role('app'::name, 'x'::name, 'member'::text)")]
    [InlineData("((relowner)::regrole = ('app'::regrole)::oid)")]
    public void An_expression_that_compares_with_the_current_user_or_asks_for_the_login_is_in_the_way(string text) =>
        Assert.NotNull(new MentionText("app").Find("policy p", isFunction: false, text)?.Action);

    [Theory]
    [InlineData("CURRENT_USER")]
    [InlineData("(USER)::text")]
    [InlineData("'app'::text")]
    [InlineData("(role = 'app'::text)")]
    [InlineData("((kind)::text = ANY (ARRAY['app'::text, 'other'::text]))")]
    public void One_that_only_uses_the_name_is_said(string text)
    {
        var mention = new MentionText("app").Find("default of a", isFunction: false, text);
        Assert.NotNull(mention);
        Assert.Null(mention.Action);
    }

    [Theory]
    [InlineData("(CURRENT_USER = ANY (ARRAY['app'::name, 'app_b'::name]))", true)]
    [InlineData("(has_table_privilege('app'::name, 't', 'SELECT') OR has_table_privilege('app_b'::name, 't', 'SELECT'))", true)]
    [InlineData("(CURRENT_USER = ANY (ARRAY['app'::name, 'app_c'::name]))", false)]
    [InlineData("(owner = CURRENT_USER)", false)]
    public void One_that_names_both_of_two_that_take_turns_is_said(string text, bool isFine)
    {
        var mention = new MentionText("app", "app_b").Find("policy p", isFunction: false, text);
        Assert.NotNull(mention);
        Assert.Equal(isFine, mention.Action is null);
    }

    [Theory]
    [InlineData("(a > 0)")]
    [InlineData("pg_has_role(CURRENT_USER, 'x'::name, 'member'::text)")]
    [InlineData("has_table_privilege(CURRENT_USER, 't'::text, 'SELECT'::text)")]
    [InlineData("(\"user\" = 'me'::text)")]
    [InlineData("SELECT t.a FROM app.t")]
    [InlineData("SELECT t.a FROM \"app\".t")]
    [InlineData("'an app'::text")]
    public void One_that_is_about_something_else_is_not_mentioned(string text) => Assert.Null(new MentionText("app").Find("view v", isFunction: false, text));

    [Theory]
    [InlineData("BEGIN NEW.changed_by = current_user; RETURN NEW; END", false)]
    [InlineData("SELECT 'app'", false)]
    [InlineData("BEGIN IF session_user = 'app' THEN RETURN 1; END IF; END", true)]
    [InlineData("BEGIN SET LOCAL ROLE app; END", true)]
    [InlineData("BEGIN SET SESSION AUTHORIZATION 'app'; END", true)]
    [InlineData("BEGIN EXECUTE 'x'; SET role TO \"app\"; END", true)]
    public void A_function_is_in_the_way_when_it_names_the_login_as_a_role(string source, bool blocks)
    {
        var mention = new MentionText("app").Find("function f()", isFunction: true, source);
        Assert.NotNull(mention);
        Assert.Equal(blocks, mention.Action is not null);
    }

    [Theory]
    [InlineData("SELECT user FROM users")]
    [InlineData("SET ROLE app2")]
    public void A_functions_column_and_a_longer_name_are_something_else(string source) => Assert.Null(new MentionText("app").Find("function f()", isFunction: true, source));

    [Fact]
    public void A_name_with_quotes_and_signs_of_patterns_is_taken_as_it_is()
    {
        var text = new MentionText("O'x\"(.*)");
        Assert.NotNull(text.Find("policy p", isFunction: false, "(CURRENT_USER = 'O''x\"(.*)'::name)")?.Action);
        Assert.NotNull(text.Find("function f()", isFunction: true, "SET ROLE \"O'x\"\"(.*)\"")?.Action);
        Assert.Null(text.Find("policy p", isFunction: false, "(a = 'O''x\"()')"));
    }

    [Theory]
    [InlineData("host=h user=app password=x", true)]
    [InlineData("user = 'app' host=h", true)]
    [InlineData("user='it\\'s' ", false)]
    [InlineData("host=h dbname=app password='user=app'", false)]
    [InlineData("postgresql://app:pw@h/db", true)]
    [InlineData("postgresql://other@h/app", false)]
    public void A_connection_string_tells_its_user(string connection, bool expected) => Assert.Equal(expected, MentionAddress.LogsInAs(connection, "app"));

    [Theory]
    [InlineData(null, null, 5432, true)]
    [InlineData("localhost", "6000", 6000, true)]
    [InlineData("127.0.0.1", null, 6000, false)]
    [InlineData("/run", "5432", 5432, true)]
    [InlineData("::1", "5432", 5432, true)]
    [InlineData("DB.example", "5432", 5432, true)]
    [InlineData("elsewhere", "5432", 5432, false)]
    public void An_address_is_this_server_or_another(string? host, string? port, int own, bool expected)
    {
        var credential = new DatabaseCredential { Name = "a", DatabaseType = DatabaseType.PostgreSql, HostName = ["db.example"], Port = own, Database = "d", Username = "u" };
        Assert.Equal(expected, MentionAddress.IsThisServer(credential, host, port));
    }
}
