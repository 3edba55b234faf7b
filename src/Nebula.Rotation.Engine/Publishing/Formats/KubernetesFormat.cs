using System.Text;
using System.Text.Json;
using Nebula.Rotation.Engine.Publishing.Files;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Nebula.Rotation.Engine.Publishing.Formats;

/// <summary>
/// A Secret in a Kubernetes manifest, YAML or JSON, alone or among other documents: base64 under <c>data</c>, or text where <c>stringData</c> has the key, which
/// wins when it is applied. The values' letters alone are exchanged.
/// </summary>
internal sealed class KubernetesFormat : IFileFormat
{
    /// <summary>metadata.name of the Secret; needed where a file has several.</summary>
    public const string Name = "Name";

    private const string Encoded = "data";
    private const string Plain = "stringData";

    public IReadOnlyList<(string Name, PublishFormat Format)> DefaultEntries { get; } = [("username", PublishFormat.Username), ("password", PublishFormat.Password)];

    public void Validate(PublishTarget target, DatabaseCredential credential)
    {
        TargetOptions.Allow(target, Name);
        if (target.Entries.Keys.FirstOrDefault(key => key.Length == 0 || !key.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.')) is { } wrong)
            throw TargetFailure.Invalid(target, $"'{wrong}' is no key of a Secret.", "Letters, digits, '-', '_' and '.'.");
    }

    public string Write(string text, FileLogin login)
    {
        foreach (var entry in login.Entries)
            text = Write(text, entry, login.Target);
        return text;
    }

    private static string Write(string text, TargetEntry entry, PublishTarget target)
    {
        var secret = FindSecret(text, target);
        if (Find(secret, Plain) is YamlMappingNode plain && Find(plain, entry.Name) is { } shown)
            return (shown as YamlScalarNode)?.Value == entry.Value ? text : Exchange(text, shown, Json(entry.Value));

        var value = Convert.ToBase64String(Encoding.UTF8.GetBytes(entry.Value));
        return Find(secret, Encoded) switch
        {
            null => AddAfter(text, secret, $"{Encoded}:", "", $"{{{Json(entry.Name)}: {Json(value)}}}", entry.Name, value),
            YamlMappingNode { Children.Count: 0 } data => Exchange(text, data, $"{{{Json(entry.Name)}: {Json(value)}}}"),
            YamlMappingNode data when Find(data, entry.Name) is { } found => (found as YamlScalarNode)?.Value == value ? text : Exchange(text, found, Quoted(found) ? Json(value) : value),
            YamlMappingNode data => Add(text, data, entry.Name, value),
            YamlScalarNode { Value: null or "" } nothing => text.Insert(Index(nothing.Start), $"{TargetText.LineEnd(text)}  {entry.Name}: {value}"),
            _ => throw TargetFailure.Because($"'{target.Path}': the Secret's data is no mapping.", "Mend it by hand."),
        };
    }

    private static YamlMappingNode FindSecret(string text, PublishTarget target)
    {
        if (text.Length == 0)
            throw TargetFailure.Because($"'{target.Path}' does not exist or is empty.", "Make the manifest first: kubectl create secret generic … --dry-run=client -o yaml.");
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException exception)
        {
            // The message may quote what stands there; the line does not.
            throw TargetFailure.Because($"'{target.Path}' is no YAML: line {exception.Start.Line} cannot be read.", "Mend it by hand.");
        }

        var name = TargetOptions.Find(target, Name);
        var secrets = stream.Documents.Select(document => document.RootNode).OfType<YamlMappingNode>()
            .Where(root => Text(root, "kind") == "Secret" && (name is null || (Find(root, "metadata") is YamlMappingNode metadata && Text(metadata, "name") == name)))
            .ToList();
        return secrets switch
        {
            [var one] => one,
            [] => throw TargetFailure.Because($"'{target.Path}' has no Secret{(name is null ? "" : $" '{name}'")}.", "Give the manifest of a Secret."),
            _ => throw TargetFailure.Because($"'{target.Path}' has {secrets.Count} Secrets.", "Say which: -Option @{ Name = '…' }."),
        };
    }

    private static string Add(string text, YamlMappingNode data, string name, string value)
    {
        var last = data.Children.Last();
        return AddAfter(text, data, $"{name}: {value}", new string(' ', (int)last.Key.Start.Column - 1), Json(value), name, null);
    }

    /// <summary>A member after the last one of a mapping, in the mapping's own style.</summary>
    private static string AddAfter(string text, YamlMappingNode mapping, string line, string indent, string flowValue, string name, string? nested)
    {
        var (key, last) = mapping.Children.Last();
        if (mapping.Style == YamlDotNet.Core.Events.MappingStyle.Flow)
            return text.Insert(End(text, last), $", {Json(nested is null ? name : Encoded)}: {flowValue}");
        var end = End(text, last);
        while (end > Index(key.End) && char.IsWhiteSpace(text[end - 1]))
            end--;
        while (end < text.Length && text[end] is not ('\r' or '\n'))
            end++;
        var lineEnd = TargetText.LineEnd(text);
        return text.Insert(end, lineEnd + indent + line + (nested is null ? "" : $"{lineEnd}{indent}  {name}: {nested}"));
    }

    private static string Exchange(string text, YamlNode node, string value) =>
        string.Concat(text.AsSpan(0, Index(node.Start)), value, text.AsSpan(End(text, node)));

    /// <summary>Where a node's text ends. The marks of a mapping and a sequence are those of their beginning.</summary>
    private static int End(string text, YamlNode node)
    {
        var (last, isFlow, closing) = node switch
        {
            YamlMappingNode mapping => (mapping.Children.LastOrDefault().Value, mapping.Style == YamlDotNet.Core.Events.MappingStyle.Flow, '}'),
            YamlSequenceNode sequence => (sequence.Children.LastOrDefault(), sequence.Style == YamlDotNet.Core.Events.SequenceStyle.Flow, ']'),
            _ => (null, false, ' '),
        };
        var end = last is null ? Index(isFlow ? node.Start : node.End) : End(text, last);
        return isFlow ? text.IndexOf(closing, end) + 1 : end;
    }

    private static bool Quoted(YamlNode node) => node is YamlScalarNode { Style: ScalarStyle.DoubleQuoted or ScalarStyle.SingleQuoted };

    private static YamlNode? Find(YamlMappingNode mapping, string name) => mapping.Children.FirstOrDefault(child => child.Key is YamlScalarNode key && key.Value == name).Value;

    private static string? Text(YamlMappingNode mapping, string name) => (Find(mapping, name) as YamlScalarNode)?.Value;

    /// <summary>A JSON text is a YAML scalar in double quotes.</summary>
    private static string Json(string value) => JsonSerializer.Serialize(value);

    private static int Index(Mark mark) => (int)mark.Index;
}
