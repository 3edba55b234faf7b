namespace Nebula.Rotation.Engine.Reporting;

/// <summary>What is not finished: which old logins still work, and who holds them.</summary>
internal static class OpenSection
{
    public static void Write(Html html, ReportModel model)
    {
        html.Write($"<section aria-labelledby=\"open\">\n<h2 id=\"open\" tabindex=\"-1\">Old logins still in use</h2>\n");
        if (model.Open.Count == 0)
        {
            html.Write($"<p class=\"none\">None: every rotation is finished, and nobody holds an old login.</p>\n</section>\n");
            return;
        }

        html.Write($"<table role=\"table\">\n<caption>Rotations that are not finished. Nobody is cut off meanwhile; who holds an old login is what was seen last.</caption>\n");
        html.Write($"<thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" scope=\"col\">Credential</th><th role=\"columnheader\" scope=\"col\">State</th><th role=\"columnheader\" scope=\"col\">Since</th>");
        html.Write($"<th role=\"columnheader\" scope=\"col\">Who holds the old login</th><th role=\"columnheader\" scope=\"col\">To finish it</th></tr></thead>\n<tbody role=\"rowgroup\">\n");
        foreach (var record in model.Open)
            WriteRow(html, model, record);
        html.Write($"</tbody>\n</table>\n</section>\n");
    }

    private static void WriteRow(Html html, ReportModel model, RotationRecord record)
    {
        var credential = model.CredentialOf(record);
        html.Write($"<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
        ReportParts.Credential(html, credential);
        ReportParts.Logins(html, record);
        html.Write($"</th><td role=\"cell\" data-label=\"State\">");
        ReportParts.State(html, record.State);
        html.Write($"</td><td role=\"cell\" data-label=\"Since\">");
        html.Time(record.StartedAt).Write($"<span class=\"sub\">{ReportText.Ago(record.StartedAt, model.Data.At)}</span></td><td role=\"cell\" data-label=\"Who holds the old login\"><div>");
        WriteHolders(html, record, model.Data.At);
        html.Write($"</div></td><td role=\"cell\" data-label=\"To finish it\"><div>{FailureAdvice.Truth(record)} <code class=\"run\">{FailureAdvice.Command(record, credential)}</code></div></td></tr>\n");
    }

    private static void WriteHolders(Html html, RotationRecord record, DateTimeOffset now)
    {
        var last = record.Stages.LastOrDefault(stage => stage.Stage is RotationStage.Drain or RotationStage.Retire);
        var looked = record.Stages.LastOrDefault(stage => stage.Details.ContainsKey("Holders"));
        var holders = LoginHolder.Of(looked);
        if (holders.Count > 0)
        {
            html.Write($"<ul class=\"plain\">");
            foreach (var holder in holders)
            {
                html.Write($"<li><b>{holder.Sessions}</b> × <bdi>{(holder.Application.Length > 0 ? holder.Application : "unnamed client")}</bdi> on <bdi>{holder.Host}</bdi>");
                if (holder.Endpoint is { } endpoint)
                    html.Write($" at <bdi>{endpoint}</bdi>");
                html.Write($"</li>");
            }

            html.Write($"</ul><span class=\"sub\">seen {ReportText.Ago(looked!.StartedAt + looked.Duration, now)}</span>");
            return;
        }

        html.Write($"<bdi>{last?.Message ?? record.Message ?? $"Run by {record.Runner}; it was never asked who holds it."}</bdi>");
    }
}
