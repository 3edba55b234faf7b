namespace Nebula.Rotation.Engine.Reporting;

/// <summary>The last rotations, each as a line of its stages.</summary>
internal static class RotationSection
{
    private const double Shortest = 0.012;

    public static void Write(Html html, ReportModel model)
    {
        html.Write($"<section aria-labelledby=\"rotations\">\n<h2 id=\"rotations\" tabindex=\"-1\">Rotations</h2>\n");
        var limit = model.Data.History is { Duration: { } duration } ? $"of the last {ReportText.Duration(duration)}" : $"the newest {model.Data.History.Count ?? model.Shown.Count}";
        if (model.Shown.Count == 0)
        {
            html.Write($"<p class=\"none\">None ({limit}).</p>\n</section>\n");
            return;
        }

        html.Write($"<table role=\"table\">\n<caption>Rotations, newest first ({limit}). A bar's lengths are its stages' shares of the time; what is too short to be seen is drawn a little longer.</caption>\n");
        html.Write($"<thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" scope=\"col\">Credential</th><th role=\"columnheader\" scope=\"col\">Began</th><th role=\"columnheader\" scope=\"col\">Outcome</th>");
        html.Write($"<th role=\"columnheader\" scope=\"col\" class=\"wide\">Stages</th></tr></thead>\n<tbody role=\"rowgroup\">\n");
        foreach (var record in model.Shown)
            WriteRow(html, model, record);
        html.Write($"</tbody>\n</table>\n</section>\n");
    }

    private static void WriteRow(Html html, ReportModel model, RotationRecord record)
    {
        html.Write($"<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
        ReportParts.Credential(html, model.CredentialOf(record));
        ReportParts.Logins(html, record);
        html.Write($"</th><td role=\"cell\" data-label=\"Began\">");
        html.Time(record.StartedAt).Write($"<span class=\"sub\">{ReportText.Ago(record.StartedAt, model.Data.At)}</span></td><td role=\"cell\" data-label=\"Outcome\">");
        ReportParts.State(html, record.State);
        html.Write($"<span class=\"sub\">{(record.Kind == RotationKind.Rotation ? "" : $"{ReportParts.Kind(record.Kind)}; ")}{(record.FinishedAt is { } end ? $"took {ReportText.Duration(end - record.StartedAt)}" : "not finished")}</span></td>");
        html.Write($"<td role=\"cell\" data-label=\"Stages\" class=\"wide\"><div>");
        WriteStages(html, record.Stages);
        html.Write($"</div></td></tr>\n");
    }

    private static void WriteStages(Html html, IReadOnlyList<StageResult> stages)
    {
        if (stages.Count == 0)
        {
            html.Write($"none ended yet");
            return;
        }

        var whole = Math.Max(stages.Sum(stage => Seconds(stage)), 0.001);
        var shares = stages.Select(stage => Math.Max(Seconds(stage) / whole, Shortest)).ToList();
        var drawn = shares.Sum();
        html.Write($"<svg class=\"line\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">");
        var x = 0d;
        foreach (var (stage, share) in stages.Zip(shares))
        {
            var width = share / drawn * 100;
            html.Write($"<rect class=\"{Colour(stage)}\" x=\"{x}\" width=\"{Math.Max(width - 0.35, 0.4)}\" height=\"8\"/>");
            x += width;
        }

        html.Write($"</svg><ol class=\"stages\">");
        foreach (var stage in stages)
        {
            html.Write($"<li class=\"{Colour(stage)}\">{Word(stage.Stage)} <b>{ReportText.Duration(stage.Duration)}</b>");
            if (stage.Status != StageStatus.Succeeded)
                html.Write($" <span class=\"status\">{(stage.Status == StageStatus.RolledBack ? "rolled back" : stage.Status == StageStatus.Failed ? "failed" : "skipped")}</span>");
            html.Write($"</li>");
        }

        html.Write($"</ol>");
    }

    private static double Seconds(StageResult stage) => Math.Max(0, stage.Duration.TotalSeconds);

    private static string Colour(StageResult stage) => stage switch
    {
        { Status: StageStatus.Failed or StageStatus.RolledBack } => "failed",
        { Stage: RotationStage.Publish } => "publish",
        { Stage: RotationStage.Drain } => "drain",
        { Stage: RotationStage.Retire or RotationStage.Complete or RotationStage.MoveOwnership } => "retire",
        _ => "make",
    };

    private static string Word(RotationStage stage) => stage switch
    {
        RotationStage.CreateLogin => "Create login",
        RotationStage.ClonePermissions => "Clone permissions",
        RotationStage.MoveOwnership => "Move ownership",
        _ => stage.ToString(),
    };
}
