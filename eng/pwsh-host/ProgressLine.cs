using System.Globalization;
using System.Management.Automation;

namespace Nebula.Rotation.PwshHost;

/// <summary>
/// The progress records that are under way, as one line at the foot of the terminal that text pushes down: the innermost activity that
/// moved last. Not thread-safe: <see cref="Terminal"/> holds the lock.
/// </summary>
internal sealed class ProgressLine(bool enabled, Func<int> width)
{
    private const int BarLength = 20;
    private readonly List<(long Source, int Activity, ProgressRecord Record)> _records = [];
    private bool _visible;

    public void Update(long source, ProgressRecord record)
    {
        if (!enabled)
            return;

        _records.RemoveAll(r => r.Source == source && r.Activity == record.ActivityId);
        if (record.RecordType == ProgressRecordType.Processing)
            _records.Add((source, record.ActivityId, record));

        Hide();
        Show();
    }

    public void Hide()
    {
        if (!_visible)
            return;
        // Back to the first column, erase to the end of the line (ECMA-48 EL).
        Console.Error.Write("\r\u001b[K");
        _visible = false;
    }

    public void Show()
    {
        if (_visible || _records.Count == 0)
            return;
        Console.Error.Write(Render(_records[^1].Record, width() - 1));
        _visible = true;
    }

    public void End()
    {
        _records.Clear();
        Hide();
    }

    /// <summary>One line of at most <paramref name="limit"/> characters.</summary>
    internal static string Render(ProgressRecord record, int limit)
    {
        var text = record.Activity;
        if (!string.IsNullOrWhiteSpace(record.StatusDescription))
            text += ": " + record.StatusDescription;
        if (record.PercentComplete >= 0)
        {
            var filled = Math.Min(record.PercentComplete, 100) * BarLength / 100;
            text += string.Create(
                CultureInfo.InvariantCulture,
                $" [{new string('#', filled)}{new string('.', BarLength - filled)}] {record.PercentComplete} %");
        }

        if (record.SecondsRemaining >= 0)
            text += string.Create(CultureInfo.InvariantCulture, $" {TimeSpan.FromSeconds(record.SecondsRemaining):c} left");
        if (!string.IsNullOrWhiteSpace(record.CurrentOperation))
            text += " " + record.CurrentOperation;

        text = text.ReplaceLineEndings(" ");
        return text.Length <= limit ? text : string.Concat(text.AsSpan(0, Math.Max(0, limit - 1)), "…");
    }
}
