using System.Xml.Linq;

namespace Nebula.Rotation.Help;

/// <summary>Writes pages as the help of a binary module: MAML, as Get-Help reads it (Microsoft Learn, "Writing help for PowerShell cmdlets").</summary>
public sealed class MamlWriter(PageWriter pages)
{
    private static readonly XNamespace Msh = "http://msh";
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    /// <summary>The whole file.</summary>
    public XDocument Write(IEnumerable<(HelpPage Page, CmdletFacts Facts)> commands) => new(
        new XDeclaration("1.0", "utf-8", null),
        new XElement(Msh + "helpItems", new XAttribute("schema", "maml"), commands.Select(command => Write(command.Page, command.Facts))));

    private XElement Write(HelpPage page, CmdletFacts facts) => new(
        Command + "command",
        new XAttribute(XNamespace.Xmlns + "maml", Maml.NamespaceName),
        new XAttribute(XNamespace.Xmlns + "command", Command.NamespaceName),
        new XAttribute(XNamespace.Xmlns + "dev", Dev.NamespaceName),
        new XElement(
            Command + "details",
            new XElement(Command + "name", facts.Name),
            new XElement(Command + "verb", facts.Verb),
            new XElement(Command + "noun", facts.Noun),
            Description(page.Synopsis)),
        Description(page.Description),
        new XElement(Command + "syntax", facts.Sets.Select(set => new XElement(
            Command + "syntaxItem",
            new XElement(Maml + "name", facts.Name),
            facts.In(set).Select(pair => Parameter(page, pair.Parameter, [pair.Use], isSyntax: true))))),
        new XElement(Command + "parameters", facts.Parameters.OrderBy(parameter => parameter.Name, StringComparer.Ordinal).Select(parameter => Parameter(page, parameter, parameter.Uses, isSyntax: false))),
        new XElement(Command + "inputTypes", PageWriter.Inputs(facts).Select(input => Typed("inputType", input.Type, input.Text))),
        new XElement(Command + "returnValues", page.Outputs.Select(output => Typed("returnValue", output.Key, output.Value))),
        page.Notes.Length == 0 ? null : new XElement(Maml + "alertSet", new XElement(Maml + "alert", Paragraphs(page.Notes))),
        new XElement(Command + "examples", page.Examples.Select((example, index) => new XElement(
            Command + "example",
            new XElement(Maml + "title", $"---------- Example {index + 1}: {example.Title} ----------"),
            new XElement(Dev + "code", example.Code),
            new XElement(Dev + "remarks", Paragraphs(example.Remarks))))),
        new XElement(Command + "relatedLinks", PlainText.Paragraphs(page.Related).Select(link => new XElement(
            Maml + "navigationLink",
            new XElement(Maml + "linkText", link.TrimStart('-', ' ')),
            new XElement(Maml + "uri")))));

    private XElement Parameter(HelpPage page, ParameterFact parameter, IReadOnlyList<System.Management.Automation.ParameterAttribute> uses, bool isSyntax)
    {
        var position = uses.Select(use => use.Position).FirstOrDefault(at => at != int.MinValue, -1);
        var text = pages.Describe(page, parameter.Name) ?? "";
        return new XElement(
            Command + "parameter",
            new XAttribute("required", uses.Any(use => use.Mandatory) ? "true" : "false"),
            new XAttribute("variableLength", parameter.Type.IsArray ? "true" : "false"),
            new XAttribute("globbing", parameter.TakesWildcards ? "true" : "false"),
            new XAttribute("pipelineInput", ParameterFact.PipelineInput(uses)),
            new XAttribute("position", position < 0 ? "named" : $"{position}"),
            new XAttribute("aliases", parameter.Aliases.Count == 0 ? "none" : string.Join(", ", parameter.Aliases)),
            new XElement(Maml + "name", parameter.Name),
            // Once is enough: a syntax shows no descriptions.
            isSyntax ? null : Description(text),
            parameter.Values.Count == 0 || !isSyntax ? null : new XElement(
                Command + "parameterValueGroup",
                parameter.Values.Select(value => new XElement(Command + "parameterValue", new XAttribute("required", "false"), new XAttribute("variableLength", "false"), value))),
            parameter.IsSwitch && isSyntax ? null : new XElement(
                Command + "parameterValue",
                new XAttribute("required", parameter.IsSwitch ? "false" : "true"),
                new XAttribute("variableLength", parameter.Type.IsArray ? "true" : "false"),
                parameter.TypeName),
            new XElement(Dev + "type", new XElement(Maml + "name", parameter.TypeName), new XElement(Maml + "uri")),
            new XElement(Dev + "defaultValue", parameter.Default ?? (parameter.IsSwitch ? "False" : "None")));
    }

    private static XElement Typed(string element, string type, string text) => new(
        Command + element,
        new XElement(Dev + "type", new XElement(Maml + "name", type), new XElement(Maml + "uri")),
        Description(text));

    private static XElement Description(string markdown) => new(Maml + "description", Paragraphs(markdown));

    private static IEnumerable<XElement> Paragraphs(string markdown) => PlainText.Paragraphs(markdown).Select(text => new XElement(Maml + "para", text));
}
