using System.Text;

namespace Nebula.Rotation.Help;

/// <summary>Writes a page anew: what people wrote stays, what the assembly or parameters.md knows is brought up to date.</summary>
public sealed class PageWriter(IReadOnlyDictionary<string, string> shared)
{
    private const int SyntaxWidth = 110;

    /// <summary>The whole page.</summary>
    public string Write(HelpPage page, CmdletFacts facts)
    {
        var text = new StringBuilder($"# {page.Name}\n\n{page.Synopsis}\n");
        Section(text, "Syntax", $"```text\n{string.Join("\n\n", facts.Sets.Select(set => Wrap(facts.Syntax(set))))}\n```");
        Section(text, "Description", page.Description);
        Section(text, "Examples", string.Join("\n\n", page.Examples.Select(Example)));
        Section(text, "Parameters", string.Join("\n\n", Parameters(page, facts)));
        Section(text, "Inputs", string.Join("\n", Inputs(facts).Select(input => $"- `{input.Type}`: {input.Text}")));
        Section(text, "Outputs", string.Join("\n", page.Outputs.Select(output => $"- `{output.Key}`: {output.Value}")));
        Section(text, "Notes", page.Notes);
        Section(text, "Related", page.Related);
        return text.ToString();
    }

    /// <summary>The text of a parameter, the page's own first; null where nobody has written one.</summary>
    public string? Describe(HelpPage page, string parameter) =>
        page.Parameters.TryGetValue(parameter, out var own) ? own : shared.TryGetValue(parameter, out var common) ? common : null;

    /// <summary>What may come through the pipeline, by type.</summary>
    public static IReadOnlyList<(string Type, string Text)> Inputs(CmdletFacts facts)
    {
        var whole = facts.Parameters.Where(parameter => parameter.Uses.Any(use => use.ValueFromPipeline))
            .Select(parameter => (Types.FullName(parameter.Type.IsArray ? parameter.Type.GetElementType()! : parameter.Type), $"to -{parameter.Name}."))
            .ToList();
        var named = facts.Parameters.Where(parameter => parameter.Uses.Any(use => use.ValueFromPipelineByPropertyName)).Select(parameter => $"-{parameter.Name}").ToList();
        if (named.Count > 0)
            whole.Add(("System.Management.Automation.PSObject", $"properties of these names: {string.Join(", ", named)}."));
        return whole.Count > 0 ? whole : [("None", "nothing comes through the pipeline.")];
    }

    /// <summary>What the assembly says, in a line.</summary>
    public static string Facts(ParameterFact parameter, CmdletFacts facts)
    {
        var words = new List<string> { parameter.TypeName };
        var isMandatory = parameter.Uses.Any(use => use.Mandatory);
        var sets = parameter.Uses.Select(use => use.ParameterSetName).Where(set => facts.Sets.Count > 1 && set != "__AllParameterSets").ToList();
        words.Add(isMandatory ? "mandatory" : "optional");
        if (sets.Count > 0 && sets.Count < facts.Sets.Count)
            words.Add($"parameter set {string.Join(", ", sets)}");
        if (parameter.Uses.Select(use => use.Position).FirstOrDefault(position => position != int.MinValue, -1) is >= 0 and var position)
            words.Add($"position {position}");
        if (parameter.Aliases.Count > 0)
            words.Add($"alias {string.Join(", ", parameter.Aliases)}");
        if (parameter.Default is { } value)
            words.Add($"default {value}");
        if (parameter.Values.Count > 0)
            words.Add(string.Join(", ", parameter.Values));
        if (parameter.Range is { } range)
            words.Add(range.Greatest is int.MaxValue ? $"{range.Least} or more" : $"{range.Least} to {range.Greatest}");
        if (parameter.TakesWildcards)
            words.Add("wildcards");
        if (ParameterFact.PipelineInput(parameter.Uses) is ['t', ..] and var pipeline)
            words.Add($"pipeline: {pipeline[6..^1]}");
        return $"{HelpPage.GeneratedLine}{string.Join(" · ", words)}</sub>";
    }

    private IEnumerable<string> Parameters(HelpPage page, CmdletFacts facts)
    {
        // In the page's order; then those that parameters.md describes, in the cmdlet's.
        foreach (var (name, own) in page.Parameters)
        {
            var parameter = facts.Parameters.FirstOrDefault(known => string.Equals(known.Name, name, StringComparison.OrdinalIgnoreCase))
                ?? throw new InvalidDataException($"{page.Name} has no parameter -{name}.");
            yield return $"### -{parameter.Name}\n\n{Facts(parameter, facts)}\n\n{own}";
        }

        foreach (var parameter in facts.Parameters.Where(known => !page.Parameters.ContainsKey(known.Name)))
        {
            if (!shared.TryGetValue(parameter.Name, out var common))
                throw new InvalidDataException($"{page.Name} does not describe -{parameter.Name}, and neither does parameters.md.");
            yield return $"### -{parameter.Name}\n\n{Facts(parameter, facts)}\n\n{common}\n\n{HelpPage.SharedMark}";
        }
    }

    private static string Example(HelpExample example) =>
        $"### {example.Title}\n\n```powershell\n{example.Code}\n```" + (example.Remarks.Length > 0 ? $"\n\n{example.Remarks}" : "");

    private static void Section(StringBuilder text, string title, string body)
    {
        if (body.Length > 0)
            text.Append("\n## ").Append(title).Append("\n\n").Append(body).Append('\n');
    }

    private static string Wrap(string syntax)
    {
        var (lines, at) = (new List<string>(), "");
        // Not within brackets: a parameter stays with its value.
        foreach (var word in System.Text.RegularExpressions.Regex.Split(syntax, @" (?=\[|-)"))
        {
            if (at.Length + word.Length + 1 > SyntaxWidth)
            {
                lines.Add(at);
                at = "    " + word;
            }
            else
            {
                at = at.Length == 0 ? word : $"{at} {word}";
            }
        }

        return string.Join('\n', [.. lines, at]);
    }
}
