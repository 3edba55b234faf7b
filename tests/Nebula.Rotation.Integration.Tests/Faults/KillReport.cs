using System.Globalization;
using System.Text;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>What was killed where, and how each ended.</summary>
internal sealed class KillReport
{
    private readonly List<Kill> _kills = [];

    public int Count => _kills.Count;

    public void Add(KillPoint point, string? statement, string ending, bool inNewProcess) => _kills.Add(new(point, statement, ending, inNewProcess));

    public int Of(RotationStage stage) => _kills.Count(kill => kill.Point.Stage == stage);

    public int Of(Moment moment) => _kills.Count(kill => kill.Point.Moment == moment);

    public int Of(RotationStage stage, Moment moment) => _kills.Count(kill => kill.Point.Stage == stage && kill.Point.Moment == moment);

    public int Ended(string ending) => _kills.Count(kill => kill.Ending == ending);

    /// <summary>Kills around a statement that changes something.</summary>
    public int OfChanges => _kills.Count(kill => kill.Statement is { } statement && StatementLabel.Changes(statement));

    public int InNewProcess => _kills.Count(kill => kill.InNewProcess);

    public override string ToString()
    {
        var text = new StringBuilder();
        Table(text, "stage", _kills.GroupBy(kill => kill.Point.Stage).OrderBy(group => group.Key).Select(group => (group.Key.ToString(), group.ToList())));
        text.AppendLine();
        Table(text, "statement", _kills.Where(kill => kill.Statement is not null).GroupBy(kill => kill.Statement!).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, group.ToList())));
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Count} kills; {string.Join(", ", _kills.GroupBy(kill => kill.Ending).Select(group => $"{group.Count()} {group.Key}"))}; {InNewProcess} resumed by a new process");
        return text.ToString();
    }

    private static void Table(StringBuilder text, string title, IEnumerable<(string Name, List<Kill> Kills)> rows)
    {
        text.Append(CultureInfo.InvariantCulture, $"{title,-20}");
        foreach (var moment in KillSpread.Moments)
            text.Append(CultureInfo.InvariantCulture, $"{moment,13}");
        text.AppendLine(CultureInfo.InvariantCulture, $"{"all",6}");
        foreach (var (name, kills) in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name,-20}");
            foreach (var moment in KillSpread.Moments)
                text.Append(CultureInfo.InvariantCulture, $"{kills.Count(kill => kill.Point.Moment == moment),13}");
            text.AppendLine(CultureInfo.InvariantCulture, $"{kills.Count,6}");
        }
    }

    private sealed record Kill(KillPoint Point, string? Statement, string Ending, bool InNewProcess);
}
