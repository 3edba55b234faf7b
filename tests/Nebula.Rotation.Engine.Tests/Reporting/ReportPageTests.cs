using System.Text.RegularExpressions;
using System.Net;
using Nebula.Rotation.Engine.Reporting;

namespace Nebula.Rotation.Engine.Tests.Reporting;

/// <summary>What the page says; what a browser makes of it is tested in one.</summary>
public sealed partial class ReportPageTests
{
    [Fact]
    public void A_store_without_credentials_is_a_whole_page()
    {
        var report = ReportPage.Render(ReportSamples.Empty());
        Assert.Equal((0, 0, 0, 0), (report.Credentials, report.Overdue, report.Failures, report.Open));
        Assert.Contains("No credential matches.", report.Html, StringComparison.Ordinal);
        Assert.Contains("Intact", report.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("<table", report.Html, StringComparison.Ordinal);
        Assert.EndsWith("</html>\n", report.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_figures_are_those_of_the_store()
    {
        var report = ReportPage.Render(ReportSamples.Rich());
        // One overdue is on hold, and one failure was made good.
        Assert.Equal((6, 2, 1, 1), (report.Credentials, report.Overdue, report.Failures, report.Open));
    }

    [Fact]
    public void The_most_overdue_comes_first_and_says_how_late_it_is()
    {
        var text = Text(ReportPage.Render(ReportSamples.Rich()).Html);
        Assert.InRange(text.IndexOf("billing", StringComparison.Ordinal), 0, text.IndexOf("search-index", StringComparison.Ordinal));
        Assert.Contains("17 d late", text, StringComparison.Ordinal);
        Assert.Contains("Year-end closing until 20 March", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_has_its_code_and_says_which_login_is_live_and_what_to_run()
    {
        var text = Text(ReportPage.Render(ReportSamples.Rich()).Html);
        Assert.Contains("Nebula.VerificationFailed", text, StringComparison.Ordinal);
        Assert.Contains("'billing_51a0cf3e' is live, as before.", text, StringComparison.Ordinal);
        Assert.Contains("Invoke-NebulaRotation -Name 'billing'", text, StringComparison.Ordinal);
        Assert.Contains("Made good", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_holds_an_old_login_is_named()
    {
        var text = Text(ReportPage.Render(ReportSamples.Rich()).Html);
        Assert.Contains("4 × ledger-batch on 10.4.1.17", text, StringComparison.Ordinal);
        Assert.Contains("1 × unnamed client on 10.4.1.22", text, StringComparison.Ordinal);
        Assert.Contains("Resume-NebulaRotation -Name 'ledger'", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_keeps_a_name_in_one_piece()
    {
        var credential = ReportSamples.Credential("o'brien’s", 1, null) with { Scope = "a b" };
        Assert.Equal("Resume-NebulaRotation -Name 'o''brien’’s' -Scope 'a b'", ReportText.Command("Resume-NebulaRotation", credential));
    }

    [Fact]
    public void A_broken_trail_names_the_first_wrong_entry()
    {
        var text = Text(ReportPage.Render(ReportSamples.Empty(ReportSamples.Broken)).Html);
        Assert.Contains("Broken", text, StringComparison.Ordinal);
        Assert.Contains("First entry that is wrong77", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_hides_what_is_older_and_nothing_that_is_open()
    {
        var data = ReportSamples.Rich();
        var one = ReportPage.Render(data with { History = new() { Count = 1 } });
        Assert.Contains("newest 1", one.Html, StringComparison.Ordinal);
        Assert.Contains("ledger-batch", one.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("Nebula.PublishFailed", one.Html, StringComparison.Ordinal);

        var week = ReportPage.Render(data with { History = new() { Duration = TimeSpan.FromDays(7) } });
        Assert.DoesNotContain("Nebula.PublishFailed", week.Html, StringComparison.Ordinal);
        Assert.Contains("Nebula.VerificationFailed", week.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_names_make_no_element_and_no_attribute()
    {
        var html = ReportPage.Render(ReportSamples.Hostile()).Html;
        Assert.Equal(Elements(ReportPage.Render(ReportSamples.Rich()).Html).Concat(["p", "div", "dt", "dd"]).Distinct().Order(), Elements(html).Concat(["p", "div", "dt", "dd"]).Distinct().Order());
        Assert.DoesNotContain("onerror=alert", Tags(html), StringComparison.Ordinal);
        Assert.DoesNotContain(" onmouseover=", Tags(html), StringComparison.Ordinal);
        Assert.DoesNotContain(" onfocus=", Tags(html), StringComparison.Ordinal);
        // A half of a character would make a file that is no UTF-8.
        Assert.DoesNotContain('\uD800', html);
        var text = Text(html);
        Assert.All(ReportSamples.HostileNames.Where(name => !name.Contains('\uD800')), name => Assert.Contains(name, text, StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_fetched_and_no_script_is_there()
    {
        var html = ReportPage.Render(ReportSamples.Rich()).Html;
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http:", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("https:", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(" style=\"", html, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'; style-src 'sha256-", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_thousand_credentials_make_a_page_that_a_browser_opens_at_once()
    {
        var html = ReportPage.Render(ReportSamples.Many(1000)).Html;
        Assert.Contains("1,000 credentials", html, StringComparison.Ordinal);
        Assert.InRange(html.Length, 500_000, 3_000_000);
    }

    [Theory]
    [InlineData(0.0124, "12 ms")]
    [InlineData(1.24, "1.2 s")]
    [InlineData(61, "1 min")]
    [InlineData(3600 * 26, "26 h")]
    [InlineData(86400 * 47, "47 d")]
    [InlineData(-5, "0 ms")]
    public void Durations_are_short(double seconds, string expected) => Assert.Equal(expected, ReportText.Duration(TimeSpan.FromSeconds(seconds)));

    private static string Tags(string html) => string.Concat(Tag().Matches(html).Select(match => match.Value));

    private static IEnumerable<string> Elements(string html) => TagName().Matches(html).Select(match => match.Groups[1].Value).Distinct();

    private static string Text(string html) => WebUtility.HtmlDecode(Tag().Replace(html[html.IndexOf("<body", StringComparison.Ordinal)..], ""));

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex("<([a-z][a-z0-9]*)", RegexOptions.IgnoreCase)]
    private static partial Regex TagName();
}
