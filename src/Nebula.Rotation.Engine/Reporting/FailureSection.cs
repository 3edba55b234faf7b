namespace Nebula.Rotation.Engine.Reporting;

/// <summary>What failed, with which code, and what to do.</summary>
internal static class FailureSection
{
    public static void Write(Html html, ReportModel model)
    {
        html.Write($"<section aria-labelledby=\"failures\">\n<h2 id=\"failures\" tabindex=\"-1\">Failures</h2>\n");
        if (model.Failures.Count == 0)
        {
            html.Write($"<p class=\"none\">None among the rotations shown.</p>\n</section>\n");
            return;
        }

        html.Write($"<table role=\"table\">\n<caption>What failed among the rotations shown, newest first. A failure leaves a login that works: each line says which.</caption>\n");
        html.Write($"<thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" scope=\"col\">Credential</th><th role=\"columnheader\" scope=\"col\">When</th><th role=\"columnheader\" scope=\"col\">What happened</th>");
        html.Write($"<th role=\"columnheader\" scope=\"col\">What to do</th></tr></thead>\n<tbody role=\"rowgroup\">\n");
        foreach (var failure in model.Failures)
            WriteRow(html, failure, model.Data.At);
        html.Write($"</tbody>\n</table>\n</section>\n");
    }

    private static void WriteRow(Html html, ReportFailure failure, DateTimeOffset now)
    {
        var record = failure.Record;
        html.Write($"<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
        ReportParts.Credential(html, failure.Credential);
        html.Write($"<span class=\"sub\">{ReportParts.Kind(record.Kind)}</span></th><td role=\"cell\" data-label=\"When\">");
        html.Time(record.StartedAt).Write($"<span class=\"sub\">{ReportText.Ago(record.StartedAt, now)}</span></td><td role=\"cell\" data-label=\"What happened\"><div>");
        ReportParts.State(html, record.State);
        if (record.ErrorCode is { } code)
            html.Write($" <code>Nebula.{code.ToString()}</code>");
        html.Write($"<p><bdi>{record.Message ?? "Its runner ended before it did; a later run took back what it had begun."}</bdi></p></div></td><td role=\"cell\" data-label=\"What to do\"><div>");
        if (failure.MadeGoodBy is { } later)
        {
            ReportParts.Pill(html, "good", "✓", "Made good");
            html.Write($"<p>Nothing: ");
            html.Name(later.NewUsername).Write($" took its place ");
            html.Time(later.StartedAt).Write($".</p>");
        }
        else
        {
            html.Write($"<p>{FailureAdvice.Truth(record)} {FailureAdvice.Mend(record.ErrorCode)} Then run:</p><code class=\"run\">{FailureAdvice.Command(record, failure.Credential)}</code>");
        }

        html.Write($"</div></td></tr>\n");
    }
}
