using System.Globalization;

namespace Nebula.Rotation.Engine.Reporting;

/// <summary>Whether the audit trail is what was written.</summary>
internal static class AuditSection
{
    public static void Write(Html html, ReportModel model)
    {
        var audit = model.Data.Audit;
        html.Write($"<section aria-labelledby=\"audit\">\n<h2 id=\"audit\" tabindex=\"-1\">Audit trail</h2>\n<dl>\n<div><dt>State</dt><dd>");
        ReportParts.Pill(html, audit.IsIntact ? "good" : "bad", audit.IsIntact ? "✓" : "▲", audit.IsIntact ? "Intact" : "Broken");
        html.Write($" <bdi>{audit.Message}</bdi></dd></div>\n<div><dt>Entries of the whole store</dt><dd>{audit.Count.ToString("N0", CultureInfo.InvariantCulture)}</dd></div>\n");
        if (audit.FirstBadSequence is { } bad)
            html.Write($"<div><dt>First entry that is wrong</dt><dd>{bad} <code class=\"run\">Get-NebulaAuditEvent | Where-Object Sequence -ge {bad}</code></dd></div>\n");
        if (audit.IsIntact && audit.Head.Length > 0)
            html.Write($"<div><dt>Head</dt><dd><code>{audit.Head}</code><span class=\"sub\">Kept with this page, it proves later that nothing up to it was changed: <code class=\"run\">Test-NebulaAuditTrail -Head '{audit.Head}'</code></span></dd></div>\n");
        html.Write($"</dl>\n</section>\n");
    }
}
