namespace Nebula.Rotation.Engine.Reporting;

/// <summary>Each credential's age against its interval.</summary>
internal static class CredentialSection
{
    public static void Write(Html html, ReportModel model)
    {
        html.Write($"<section aria-labelledby=\"credentials\">\n<h2 id=\"credentials\" tabindex=\"-1\">Credentials</h2>\n");
        if (model.Ages.Count == 0)
        {
            html.Write($"<p class=\"none\">No credential matches. <code>Get-NebulaDbCredential</code> lists those of the store, <code>New-NebulaDbCredential</code> stores one.</p>\n</section>\n");
            return;
        }

        html.Write($"<table role=\"table\">\n<caption>Age of each login against the time it is due; those that need somebody come first.</caption>\n");
        html.Write($"<thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" scope=\"col\">Credential</th><th role=\"columnheader\" scope=\"col\">State</th><th role=\"columnheader\" scope=\"col\">Age</th>");
        html.Write($"<th role=\"columnheader\" scope=\"col\">Due</th><th role=\"columnheader\" scope=\"col\">Live login</th></tr></thead>\n<tbody role=\"rowgroup\">\n");
        foreach (var age in model.Ages)
            WriteRow(html, age, model.Data.At);
        html.Write($"</tbody>\n</table>\n</section>\n");
    }

    private static void WriteRow(Html html, CredentialAge age, DateTimeOffset now)
    {
        var credential = age.Credential;
        html.Write($"<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
        ReportParts.Credential(html, credential);
        html.Write($"<span class=\"sub\">{credential.DatabaseType.ToString()} · <bdi>{credential.Endpoints}/{credential.Database}</bdi></span></th>");
        html.Write($"<td role=\"cell\" data-label=\"State\">");
        WriteStatus(html, age);
        html.Write($"</td><td role=\"cell\" data-label=\"Age\">");
        WriteAge(html, age);
        html.Write($"</td><td role=\"cell\" data-label=\"Due\">");
        if (age.Due is { } due)
            html.Time(due).Write($"<span class=\"sub\">{(age.Late >= TimeSpan.Zero ? $"{ReportText.Duration(age.Late)} late" : $"in {ReportText.Duration(-age.Late)}")}</span>");
        else
            html.Write($"on demand");
        html.Write($"</td><td role=\"cell\" data-label=\"Live login\"><bdi>{credential.Username}</bdi><span class=\"sub\">version {credential.Version}, since {ReportText.Ago(credential.LastRotatedAt, now)}</span></td></tr>\n");
    }

    private static void WriteStatus(Html html, CredentialAge age)
    {
        var (kind, sign, word) = age.Status switch
        {
            CredentialStatus.Overdue => ("bad", "▲", "Overdue"),
            CredentialStatus.OnHold => ("warn", "■", "On hold"),
            CredentialStatus.DueSoon => ("warn", "◆", "Due soon"),
            CredentialStatus.OnTime => ("good", "✓", "On time"),
            _ => ("quiet", "–", "On demand"),
        };
        ReportParts.Pill(html, kind, sign, word);
        if (age.Credential.HoldReason is { } reason)
            html.Write($"<span class=\"sub\"><bdi>{reason}</bdi></span>");
    }

    /// <summary>A bar as long as the time that is allowed, or as the age where that is longer; then a line shows where it was due.</summary>
    private static void WriteAge(Html html, CredentialAge age)
    {
        if (age.Allowed is not { } allowed)
        {
            html.Write($"{ReportText.Duration(age.Age)}");
            return;
        }

        html.Write($"<span class=\"age\">{ReportText.Duration(age.Age)} <span class=\"of\">of {ReportText.Duration(allowed)}</span></span>");
        html.Write($"<svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\"><rect class=\"track\" width=\"100\" height=\"8\"/>");
        if (age.Late < TimeSpan.Zero)
        {
            html.Write($"<rect class=\"{(age.Status == CredentialStatus.DueSoon ? "soon" : "used")}\" width=\"{100 * Math.Clamp(age.Used, 0, 1)}\" height=\"8\"/></svg>");
            return;
        }

        var due = 100 / Math.Max(age.Used, 1);
        html.Write($"<rect class=\"used\" width=\"{due}\" height=\"8\"/><rect class=\"over\" x=\"{due}\" width=\"{100 - due}\" height=\"8\"/><rect class=\"mark\" x=\"{Math.Min(due, 99.2)}\" width=\"0.8\" height=\"8\"/></svg>");
    }
}
