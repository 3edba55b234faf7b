using System.Globalization;

namespace Nebula.Rotation.Engine.Reporting;

/// <summary>What was compared before a new login became live.</summary>
internal static class ProofSection
{
    public static void Write(Html html, ReportModel model)
    {
        html.Write($"<section aria-labelledby=\"proofs\">\n<h2 id=\"proofs\" tabindex=\"-1\">Permission proofs</h2>\n");
        var proofs = model.Proofs.Where(proof => proof.Record is not null).ToList();
        if (proofs.Count == 0)
        {
            html.Write($"<p class=\"none\">None yet: the first rotation of a credential makes its first proof.</p>\n</section>\n");
            return;
        }

        html.Write($"<table role=\"table\">\n<caption>Each credential's newest proof: what the old login had and the new one lacked when it became live.</caption>\n");
        html.Write($"<thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" scope=\"col\">Credential</th><th role=\"columnheader\" scope=\"col\">Proved</th><th role=\"columnheader\" scope=\"col\">Facts compared</th>");
        html.Write($"<th role=\"columnheader\" scope=\"col\">Missing</th><th role=\"columnheader\" scope=\"col\">Logged in on</th><th role=\"columnheader\" scope=\"col\">Facts at the end</th></tr></thead>\n<tbody role=\"rowgroup\">\n");
        foreach (var proof in proofs)
            WriteRow(html, proof, model.Data.At);
        html.Write($"</tbody>\n</table>\n");
        if (model.Proofs.Count - proofs.Count is var without and > 0)
            html.Write($"<p class=\"none\">{ReportText.Count(without, "credential")} without a rotation so far, and so without a proof.</p>\n");
        html.Write($"</section>\n");
    }

    private static void WriteRow(Html html, PermissionProof proof, DateTimeOffset now)
    {
        var record = proof.Record!;
        var at = proof.Verified!.StartedAt + proof.Verified.Duration;
        html.Write($"<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
        ReportParts.Credential(html, proof.Credential);
        ReportParts.Logins(html, record);
        html.Write($"</th><td role=\"cell\" data-label=\"Proved\">");
        html.Time(at).Write($"<span class=\"sub\">{ReportText.Ago(at, now)}</span></td><td role=\"cell\" data-label=\"Facts compared\" class=\"number\">{Figure(proof.Facts, "same login")}</td>");
        html.Write($"<td role=\"cell\" data-label=\"Missing\" class=\"number\">");
        if (proof.Missing is { } missing)
            ReportParts.Pill(html, missing == 0 ? "good" : "bad", missing == 0 ? "✓" : "▲", missing.ToString(CultureInfo.InvariantCulture));
        else
            html.Write($"–");
        html.Write($"</td><td role=\"cell\" data-label=\"Logged in on\" class=\"number\">{(proof.Endpoints is { } endpoints ? ReportText.Count((int)endpoints, "endpoint") : "–")}</td>");
        html.Write($"<td role=\"cell\" data-label=\"Facts at the end\">");
        if (proof.Fingerprint is { Length: > 0 } fingerprint)
            html.Write($"<code title=\"{fingerprint}\">{fingerprint[..Math.Min(12, fingerprint.Length)]}</code>");
        else
            html.Write($"{(record.FinishedAt is null ? "not finished" : "–")}");
        html.Write($"</td></tr>\n");
    }

    private static string Figure(long? number, string none) => number?.ToString("N0", CultureInfo.InvariantCulture) ?? none;
}
