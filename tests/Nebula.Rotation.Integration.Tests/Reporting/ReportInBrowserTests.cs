using Nebula.Rotation.Engine.Reporting;
using Nebula.Rotation.Engine.Tests.Reporting;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Reporting;

/// <summary>What a browser makes of the report: its layout, its colours, its roles, what it asks for.</summary>
public sealed class ReportInBrowserTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nebula-report-");
    private ChromiumBrowser? _browser;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _browser = await ServerRequirement.OrSkip(() => ChromiumBrowser.StartAsync(Ct), Assert.Skip);

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_reader_can_read_it_light_and_dark_on_a_wide_and_a_narrow_screen_and_on_paper()
    {
        foreach (var (name, data) in new[] { ("rich", ReportSamples.Rich()), ("empty", ReportSamples.Empty()), ("hostile", ReportSamples.Hostile()) })
        {
            await using var page = await OpenAsync(name, data);
            foreach (var (width, media, isDark) in new[] { (1280, "screen", false), (1280, "screen", true), (400, "screen", false), (400, "screen", true), (320, "screen", false), (718, "print", true) })
            {
                await page.ShowAsync(width, media, isDark, Ct);
                var case_ = $"{name}-{media}-{width}-{(isDark ? "dark" : "light")}";
                await KeepPictureAsync(page, case_);
                Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth", Ct) <= width, $"{case_} is wider than its window.");
                var poor = await page.EvaluateAsync<string[]>(PoorContrast, Ct);
                Assert.True(poor.Length == 0, $"{case_}: too little contrast: {string.Join("; ", poor.Take(5))}");
            }

            Assert.Empty(page.Console);
            Assert.Equal([new Uri(PathOf(name)).AbsoluteUri], page.Requests);
        }
    }

    [Fact]
    public async Task A_screen_reader_finds_landmarks_headings_and_tables_on_a_narrow_screen_too()
    {
        await using var page = await OpenAsync("roles", ReportSamples.Rich());
        foreach (var width in new[] { 1280, 400 })
        {
            await page.ShowAsync(width, "screen", isDark: false, Ct);
            var nodes = await page.ReadAccessibilityAsync(Ct);
            foreach (var landmark in new[] { "banner", "main", "navigation", "contentinfo" })
                Assert.Single(nodes, node => node.Role == landmark);
            Assert.Equal(
                ["Login rotation, production", "Credentials", "Old logins still in use", "Failures", "Rotations", "Permission proofs", "Audit trail"],
                nodes.Where(node => node.Role == "heading").Select(node => node.Name));
            var tables = nodes.Where(node => node.Role == "table").ToList();
            Assert.Equal(5, tables.Count);
            Assert.All(tables, table => Assert.NotEmpty(table.Name));
            Assert.Equal(5 + 5 + 4 + 4 + 6, nodes.Count(node => node.Role == "columnheader"));
            Assert.Equal(6 + 1 + 2 + 7 + 5, nodes.Count(node => node.Role == "rowheader"));
            var texts = nodes.Where(node => node.Role == "StaticText").Select(node => node.Name).ToList();
            Assert.True(texts.Any(text => text.Trim() == "Overdue"), string.Join(" | ", texts));
        }
    }

    [Fact]
    public async Task The_keyboard_reaches_every_section_and_shows_where_it_is()
    {
        await using var page = await OpenAsync("keys", ReportSamples.Rich());
        await page.ShowAsync(1280, "screen", isDark: false, Ct);
        var seen = new List<string>();
        for (var press = 0; press < 7; press++)
        {
            await page.PressTabAsync(Ct);
            seen.Add(await page.EvaluateAsync<string>("document.activeElement.getAttribute('href')", Ct));
            Assert.True(await page.EvaluateAsync<bool>(
                "(() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect(); return s.outlineStyle === 'solid' && parseFloat(s.outlineWidth) >= 2 && r.left >= 0 && r.width > 0; })()", Ct));
        }

        Assert.Equal(["#main", "#credentials", "#open", "#failures", "#rotations", "#proofs", "#audit"], seen);
        Assert.True(await page.EvaluateAsync<bool>("[...document.querySelectorAll('a[href^=\"#\"]')].every(a => document.querySelector(a.getAttribute('href')))", Ct));
    }

    [Fact]
    public async Task Nothing_of_a_hostile_name_runs_and_everything_of_it_is_shown()
    {
        await using var page = await OpenAsync("names", ReportSamples.Hostile());
        Assert.Equal(0, await page.EvaluateAsync<int>("document.querySelectorAll('script, img, iframe, object, embed, form, input').length", Ct));
        Assert.Equal(0, await page.EvaluateAsync<int>("[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on') || a.name === 'style')).length", Ct));
        var shown = await page.EvaluateAsync<string[]>("[...document.querySelectorAll('#credentials ~ table .name')].map(e => e.textContent)", Ct);
        Assert.Equal(ReportSamples.HostileNames.Select(name => name.Replace('\uD800', '\uFFFD')).Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
        Assert.Empty(page.Console);
    }

    [Fact]
    public async Task The_policy_lets_no_script_run_even_if_one_were_there()
    {
        var html = ReportPage.Render(ReportSamples.Empty()).Html.Replace(
            "<body>", "<body><script>document.title = 'owned'</script><img src=\"data:,\" onerror=\"document.title = 'owned'\"><style>body { display: none }</style>", StringComparison.Ordinal);
        await using var page = await OpenAsync("policy", html);
        Assert.Equal("Database login rotation", await page.EvaluateAsync<string>("document.title", Ct));
        Assert.Equal("block", await page.EvaluateAsync<string>("getComputedStyle(document.body).display", Ct));
        await Eventually.HoldsAsync(() => page.Console.Count > 0, "the page is told why");
    }

    [Fact]
    public async Task A_thousand_credentials_fit_a_narrow_screen_and_print()
    {
        await using var page = await OpenAsync("many", ReportSamples.Many(1000));
        await page.ShowAsync(400, "screen", isDark: false, Ct);
        Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth", Ct) <= 400);
        Assert.Equal(1000, await page.EvaluateAsync<int>("document.querySelectorAll('#credentials ~ table tbody tr').length", Ct));

        await using var printed = await OpenAsync("print", ReportSamples.Rich());
        var pdf = await printed.PrintAsync(Ct);
        Assert.Equal("%PDF-"u8.ToArray(), pdf[..5]);
        if (Pictures is { } folder)
            await File.WriteAllBytesAsync(Path.Combine(folder, "rich.pdf"), pdf, Ct);
    }

    // Where somebody wants to look at the pages, and not only to have them measured.
    private static string? Pictures => Environment.GetEnvironmentVariable("NEBULA_REPORT_PICTURES");

    /// <summary>
    /// WCAG 2.1, 1.4.3: each text against the nearest background behind it, 4.5 to 1. Text that is not drawn (clipped for screen readers, decoration) does not count.
    /// </summary>
    private const string PoorContrast =
        """
        (() => {
          const parse = c => { const m = c.match(/[\d.]+/g).map(Number); return { r: m[0], g: m[1], b: m[2], a: m.length > 3 ? m[3] : 1 }; };
          const light = c => [c.r, c.g, c.b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
          const back = e => { for (let n = e; n; n = n.parentElement) { const c = parse(getComputedStyle(n).backgroundColor); if (c.a > 0) return c; } return { r: 255, g: 255, b: 255 }; };
          const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          let count = 0;
          while (walker.nextNode()) {
            const text = walker.currentNode.textContent.trim(), e = walker.currentNode.parentElement;
            if (!text || e.closest('.unseen, .skip') || !e.checkVisibility()) continue;
            count++;
            const [a, b] = [light(parse(getComputedStyle(e).color)), light(back(e))].sort((x, y) => y - x);
            const ratio = (a + 0.05) / (b + 0.05);
            if (ratio < 4.5) found.push(`${ratio.toFixed(2)} '${text.slice(0, 30)}' in ${e.tagName}.${e.className}`);
          }
          return count > 10 ? found : ['no text was seen'];
        })()
        """;

    private Task<ChromiumPage> OpenAsync(string name, ReportData data) => OpenAsync(name, ReportPage.Render(data).Html);

    private async Task<ChromiumPage> OpenAsync(string name, string html)
    {
        await File.WriteAllTextAsync(PathOf(name), html, Ct);
        var page = await _browser!.OpenPageAsync(Ct);
        await page.NavigateAsync(new Uri(PathOf(name)), Ct);
        return page;
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, $"{name}.html");

    private static async Task KeepPictureAsync(ChromiumPage page, string name)
    {
        if (Pictures is { } folder)
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{name}.png"), await page.CaptureAsync(Ct), Ct);
    }
}
