using System.Management.Automation;
using System.Management.Automation.Host;

namespace Nebula.Rotation.PwshHost;

/// <summary>The choices of one question: <c>[Y] Yes  [N] No  [?] Help (default is "Y"): </c>, with the ampersand before the hot key.</summary>
internal sealed class ChoicePrompt(IReadOnlyList<ChoiceDescription> choices)
{
    private readonly (string Key, string Label)[] _choices = [.. choices.Select(c => Split(c.Label))];

    public string Render(IReadOnlyCollection<int> defaults)
    {
        var parts = _choices.Select((c, i) =>
        {
            var text = c.Key.Length == 0 ? $"[{c.Label}]" : $"[{c.Key}] {c.Label}";
            return defaults.Contains(i) ? PSStyle.Instance.Foreground.Yellow + text + PSStyle.Instance.Reset : text;
        });
        var hint = defaults.Count == 0 ? "" : $" (default is \"{string.Join(",", defaults.Select(i => Name(_choices[i])))}\")";
        return $"{string.Join("  ", parts)}  [?] Help{hint}: ";
    }

    public string RenderHelp() =>
        string.Join(Environment.NewLine, choices.Select((c, i) => $"{Name(_choices[i])} - {c.HelpMessage}"));

    /// <summary>By whole label first, then by hot key; null when it is none of them.</summary>
    public int? Find(string answer)
    {
        var at = Array.FindIndex(_choices, c => string.Equals(c.Label, answer, StringComparison.OrdinalIgnoreCase));
        if (at < 0 && answer.Length > 0)
            at = Array.FindIndex(_choices, c => string.Equals(c.Key, answer, StringComparison.OrdinalIgnoreCase));
        return at < 0 ? null : at;
    }

    private static string Name((string Key, string Label) choice) => choice.Key.Length == 0 ? choice.Label : choice.Key;

    private static (string Key, string Label) Split(string label)
    {
        var mark = label.IndexOf('&', StringComparison.Ordinal);
        return mark < 0 || mark == label.Length - 1
            ? ("", label.Replace("&", "", StringComparison.Ordinal).Trim())
            : (label[(mark + 1)..(mark + 2)].ToUpperInvariant(), label.Remove(mark, 1).Trim());
    }
}
