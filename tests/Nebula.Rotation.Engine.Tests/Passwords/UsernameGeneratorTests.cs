using System.Text;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Passwords;

namespace Nebula.Rotation.Engine.Tests.Passwords;

public sealed class UsernameGeneratorTests
{
    private static readonly UsernameRules Rules = new(63, Encoding.UTF8.GetByteCount, "bytes", ["pg_"]);
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("orders", null, "^orders_[0-9a-f]{8}$")]
    [InlineData("Orders DB/eu", null, "^orders_db_eu_[0-9a-f]{8}$")]
    [InlineData("日本", null, "^login_[0-9a-f]{8}$")]
    [InlineData("1st", null, "^n1st_[0-9a-f]{8}$")]
    [InlineData("pg_admin", null, "^nadmin_[0-9a-f]{8}$")]
    [InlineData("orders", "svc-{name}-{date}-{random}", "^svc-orders-20260102-[0-9a-f]{8}$")]
    public void The_name_comes_from_the_template(string credential, string? template, string pattern) =>
        Assert.Matches(pattern, UsernameGenerator.Generate(template, credential, Rules, Now));

    [Fact]
    public void A_long_name_gives_way_and_the_random_part_does_not()
    {
        var username = UsernameGenerator.Generate(null, new string('x', 200), Rules, Now);
        Assert.Equal(63, Encoding.UTF8.GetByteCount(username));
        Assert.Matches("_[0-9a-f]{8}$", username);
    }

    [Theory]
    [InlineData("app", "app_b")]
    [InlineData("app_b", "app")]
    [InlineData("_b", "_b_b")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_b")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa🔑", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_b")]
    public void The_other_of_two_names_has_the_ending_whole_and_fits(string username, string expected) =>
        Assert.Equal(expected, UsernameGenerator.Alternate(username, Rules));

    [Theory]
    [InlineData("{name}")]
    [InlineData("{name}_{random}_{host}")]
    [InlineData("{random")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{random}")]
    public void A_template_that_cannot_work_is_refused(string template) =>
        Assert.Equal(RotationErrorCode.InvalidArgument, Assert.Throws<RotationException>(() => UsernameGenerator.ValidateTemplate(template, Rules)).Code);

    [Theory]
    [InlineData("")]
    [InlineData("pg_monitor")]
    [InlineData("a\0b")]
    [InlineData("éééééééééééééééééééééééééééééééé")]
    public void A_user_name_that_the_server_would_change_or_refuse_is_refused_first(string username) =>
        Assert.Equal(RotationErrorCode.InvalidArgument, Assert.Throws<RotationException>(() => UsernameGenerator.ValidateUsername(username, Rules)).Code);

    [Theory]
    [InlineData(null, "orders", "orders_0123abcd", true)]
    [InlineData(null, "orders", "ord_0123abcd", true)]
    [InlineData(null, "orders", "orders_0123ABCD", false)]
    [InlineData(null, "orders", "invoices_0123abcd", false)]
    [InlineData(null, "orders", "orders_reader", false)]
    [InlineData(null, "Orders (EU)", "orders__eu_0123abcd", true)]
    [InlineData("app.{date}.{random}", "orders", "app.20260301.0123abcd", true)]
    [InlineData("app.{date}.{random}", "orders", "appx20260301.0123abcd", false)]
    public void A_name_that_the_template_could_have_given_is_told(string? template, string credential, string username, bool isGenerated) =>
        Assert.Equal(isGenerated, UsernameGenerator.IsGenerated(username, template, credential));
}
