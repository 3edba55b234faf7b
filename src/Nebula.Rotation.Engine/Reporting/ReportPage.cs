using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Engine.Reporting;

/// <summary>
/// The page: data in, HTML out. It has no script, and its policy allows none: only the one style that stands in it, by its hash. Tables have their roles
/// written out, since a browser that lays them out as blocks on a narrow screen would not take them for tables any more.
/// </summary>
internal static class ReportPage
{
    private static readonly string Style = ReadStyle();

    private static readonly string StyleHash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)));

    private static readonly string Version = typeof(ReportPage).Assembly.GetName().Version!.ToString(3);

    public static RotationReport Render(ReportData data)
    {
        var model = new ReportModel(data);
        var html = new Html();
        WriteHead(html, data);
        html.Write($"<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
        WriteHeader(html, model);
        html.Write($"<main id=\"main\">\n");
        CredentialSection.Write(html, model);
        OpenSection.Write(html, model);
        FailureSection.Write(html, model);
        RotationSection.Write(html, model);
        ProofSection.Write(html, model);
        AuditSection.Write(html, model);
        html.Write($"</main>\n<footer><p>Made by Nebula.Rotation {Version} from <code>{data.Store}</code>, ");
        html.Time(data.At).Write($". Read from the store alone: no database was asked. It holds no password.</p></footer>\n</body>\n</html>\n");
        return new()
        {
            Html = html.ToString(),
            GeneratedAt = data.At,
            Credentials = data.Credentials.Count,
            Overdue = model.Count(CredentialStatus.Overdue),
            Failures = model.Unsolved,
            Open = model.Open.Count,
        };
    }

    private static void WriteHead(Html html, ReportData data)
    {
        html.Write($"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        // First of all: what follows is under it.
        html.Write($"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
        // Base64 has nothing that means anything in an attribute, and an encoded plus would be the same to a browser.
        html.Write($"{StyleHash}'; img-src data:; base-uri 'none'; form-action 'none'\">\n");
        html.Write($"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
        html.Write($"<meta name=\"robots\" content=\"noindex\">\n<meta name=\"generator\" content=\"Nebula.Rotation {Version}\">\n<link rel=\"icon\" href=\"data:,\">\n<title>{data.Title}</title>\n<style>");
        html.Style(Style).Write($"</style>\n</head>\n");
    }

    private static void WriteHeader(Html html, ReportModel model)
    {
        var data = model.Data;
        html.Write($"<header>\n<h1>{data.Title}</h1>\n<p class=\"lead\">{ReportText.Count(data.Credentials.Count, "credential")}, as of ");
        html.Time(data.At).Write($"</p>\n<nav aria-label=\"Sections\">\n<ul class=\"tiles\">\n");
        Tile(html, "#credentials", "bad", model.Count(CredentialStatus.Overdue), "overdue", "Nothing is overdue");
        Tile(html, "#open", "warn", model.Open.Count, "not finished", "Nothing is open");
        Tile(html, "#failures", "bad", model.Unsolved, "failed, not made good", "No failure is left");
        html.Write($"<li><a href=\"#rotations\"><b>{model.Shown.Count}</b> <span>rotation{(model.Shown.Count == 1 ? "" : "s")} shown</span></a></li>\n");
        html.Write($"<li><a href=\"#proofs\"><b>{model.Proofs.Count(proof => proof.Record is not null)}</b> <span>of {data.Credentials.Count} proved equal</span></a></li>\n");
        html.Write($"<li class=\"{(data.Audit.IsIntact ? "good" : "bad")}\"><a href=\"#audit\"><b>{(data.Audit.IsIntact ? "Intact" : "Broken")}</b> <span>audit trail</span></a></li>\n");
        html.Write($"</ul>\n</nav>\n</header>\n");
    }

    private static void Tile(Html html, string target, string kind, int number, string what, string none) => html.Write(
        $"<li class=\"{(number == 0 ? "good" : kind)}\"><a href=\"{target}\"><b>{number}</b> <span>{(number == 0 ? none : what)}</span></a></li>\n");

    private static string ReadStyle()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Report.css")!;
        // A browser hashes what it has read, and it reads every line end as one line feed.
        return new StreamReader(stream).ReadToEnd().ReplaceLineEndings("\n");
    }
}
