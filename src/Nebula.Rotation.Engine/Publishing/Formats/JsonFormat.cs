using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Nebula.Rotation.Engine.Publishing.Files;

namespace Nebula.Rotation.Engine.Publishing.Formats;

/// <summary>
/// Texts in a JSON file, by key path as .NET's configuration writes it: colons between, an index for an array's element. The value's letters alone are
/// exchanged, so comments, order, blanks and trailing commas stay. A key that is missing is added to the deepest object of its path that is there.
/// </summary>
internal sealed class JsonFormat : IFileFormat
{
    private const int MaxDepth = 64;

    private static readonly JsonReaderOptions Reading = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = MaxDepth };

    public IReadOnlyList<(string Name, PublishFormat Format)> DefaultEntries { get; } = [];

    public void Validate(PublishTarget target, DatabaseCredential credential)
    {
        TargetOptions.Allow(target);
        if (target.Entries.Count == 0)
            throw TargetFailure.Invalid(target, "it names no key.", "Give one with -Entry, such as 'ConnectionStrings:Default'.");
        if (target.Entries.Keys.FirstOrDefault(name => name.Split(':') is { Length: > MaxDepth - 1 } parts || name.Split(':').Any(string.IsNullOrWhiteSpace)) is { } wrong)
            throw TargetFailure.Invalid(target, $"'{wrong}' is no key path.", "Give names with a colon between, such as 'ConnectionStrings:Default'.");
    }

    public string Write(string text, FileLogin login)
    {
        if (string.IsNullOrWhiteSpace(text))
            text = "{\n}\n";
        foreach (var entry in login.Entries)
            text = Write(text, entry, login.Target.Path);
        return text;
    }

    private static string Write(string text, TargetEntry entry, string? path)
    {
        var json = Encoding.UTF8.GetBytes(text);
        var node = Parse(json, path);
        var rest = entry.Name.Split(':');
        while (rest.Length > 0)
        {
            if (Find(node, rest) is not { } found)
                break;
            (node, rest) = found;
        }

        var value = $"\"{JsonEncodedText.Encode(entry.Value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
        if (rest.Length > 0)
            return node.Kind == JsonTokenType.StartObject ? Add(json, node, rest, value) : throw NotThere(path, entry.Name, $"'{rest[0]}' is looked for in what is no object");
        if (node.Kind is JsonTokenType.StartObject or JsonTokenType.StartArray)
            throw NotThere(path, entry.Name, "it is no text but has parts of its own");
        if (node.Kind == JsonTokenType.Number && entry.Format == PublishFormat.Port)
            value = entry.Value;
        return node.Text == (node.Kind == JsonTokenType.Number ? value : entry.Value) ? text : Splice(json, (node.Start, node.End, value));
    }

    private static (Node Node, string[] Remaining)? Find(Node node, string[] path)
    {
        if (node.Kind == JsonTokenType.StartArray)
        {
            return int.TryParse(path[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < node.Children.Count
                ? (node.Children[index].Value, path[1..])
                : null;
        }

        // A key may hold colons itself: the longest name wins.
        for (var length = path.Length; length > 0; length--)
        {
            var name = string.Join(':', path[..length]);
            var child = node.Children.FindLast(child => child.Name == name) ?? node.Children.FindLast(child => string.Equals(child.Name, name, StringComparison.OrdinalIgnoreCase));
            if (child is not null)
                return (child.Value, path[length..]);
        }

        return null;
    }

    private static string Add(byte[] json, Node parent, string[] path, string value)
    {
        var inner = json.AsSpan(parent.Start, parent.End - parent.Start);
        var isOneLine = !inner.Contains((byte)'\n') && parent.Children.Count > 0;
        var lineEnd = TargetText.LineEnd(Encoding.UTF8.GetString(json));
        var outer = Indentation(json, parent.Start);
        var indent = parent.Children.Count > 0 && !isOneLine ? Indentation(json, parent.Children[^1].NameStart) : outer + "  ";
        var property = isOneLine ? OneLine(path, value) : ManyLines(path, value, indent, lineEnd);
        if (parent.Children.Count == 0)
        {
            // Whatever is between the braces is blank or a comment, and stays.
            var end = parent.End - 1;
            var start = Trimmed(json, parent.Start + 1, end);
            return Splice(json, (start, end, $"{lineEnd}{indent}{property}{lineEnd}{outer}"));
        }

        var last = parent.Children[^1].Value.End;
        var place = Trimmed(json, last, parent.End - 1);
        var comma = HasComma(json, last, parent.End - 1) ? "" : ",";
        var added = (isOneLine ? " " : lineEnd + indent) + property;
        return place == last ? Splice(json, (last, last, comma + added)) : Splice(json, (place, place, added), (last, last, comma));
    }

    private static string OneLine(string[] path, string value) =>
        path.Length == 1 ? $"{Name(path[0])}: {value}" : $"{Name(path[0])}: {{ {OneLine(path[1..], value)} }}";

    private static string ManyLines(string[] path, string value, string indent, string lineEnd) =>
        path.Length == 1
            ? $"{Name(path[0])}: {value}"
            : $"{Name(path[0])}: {{{lineEnd}{indent}  {ManyLines(path[1..], value, indent + "  ", lineEnd)}{lineEnd}{indent}}}";

    private static string Name(string name) => $"\"{JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    /// <summary>The blanks that the line begins with in which something stands.</summary>
    private static string Indentation(byte[] json, int at)
    {
        var start = json.AsSpan(0, at).LastIndexOf((byte)'\n') + 1;
        var end = start;
        while (end < at && json[end] is (byte)' ' or (byte)'\t')
            end++;
        return Encoding.UTF8.GetString(json, start, end - start);
    }

    private static int Trimmed(byte[] json, int start, int end)
    {
        while (end > start && json[end - 1] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            end--;
        return end;
    }

    /// <summary>Whether a comma stands between, outside of comments.</summary>
    private static bool HasComma(byte[] json, int start, int end)
    {
        for (var at = start; at < end; at++)
        {
            if (json[at] == (byte)',')
                return true;
            if (json[at] != (byte)'/')
                continue;
            ReadOnlySpan<byte> closing = json[at + 1] == (byte)'/' ? "\n"u8 : "*/"u8;
            var length = json.AsSpan(at + 2, end - at - 2).IndexOf(closing);
            if (length < 0)
                return false;
            at += 1 + length + closing.Length;
        }

        return false;
    }

    /// <summary>Exchanges parts of the text; the last one first.</summary>
    private static string Splice(byte[] json, params (int Start, int End, string Text)[] parts)
    {
        foreach (var (start, end, text) in parts)
            json = [.. json[..start], .. Encoding.UTF8.GetBytes(text), .. json[end..]];
        return Encoding.UTF8.GetString(json);
    }

    private static Node Parse(byte[] json, string? path)
    {
        try
        {
            var reader = new Utf8JsonReader(json, Reading);
            reader.Read();
            var node = Read(ref reader);
            while (reader.Read())
            {
            }

            return node;
        }
        catch (JsonException exception)
        {
            // The message may quote what stands there; the line does not.
            throw TargetFailure.Because($"'{path}' is no JSON: line {exception.LineNumber + 1} cannot be read.", "Mend it by hand.");
        }
        catch (InvalidOperationException)
        {
            throw TargetFailure.Because($"'{path}' has a text in it that is no valid Unicode.", "Mend it by hand.");
        }
    }

    private static Node Read(ref Utf8JsonReader reader)
    {
        var node = new Node(reader.TokenType, (int)reader.TokenStartIndex)
        {
            Text = reader.TokenType == JsonTokenType.String ? reader.GetString() : reader.TokenType == JsonTokenType.Number ? Encoding.UTF8.GetString(reader.ValueSpan) : null,
        };
        if (node.Kind == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var (name, start) = (reader.GetString()!, (int)reader.TokenStartIndex);
                reader.Read();
                node.Children.Add(new(name, start, Read(ref reader)));
            }
        }
        else if (node.Kind == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                node.Children.Add(new("", (int)reader.TokenStartIndex, Read(ref reader)));
        }

        node.End = (int)reader.BytesConsumed;
        return node;
    }

    private static RotationException NotThere(string? path, string name, string reason) =>
        TargetFailure.Because($"'{path}' takes no '{name}': {reason}.", "Give another key with -Entry, or mend the file.");

    private sealed class Node(JsonTokenType kind, int start)
    {
        public JsonTokenType Kind { get; } = kind;

        public int Start { get; } = start;

        public int End { get; set; }

        public string? Text { get; init; }

        public List<Child> Children { get; } = [];
    }

    private sealed record Child(string Name, int NameStart, Node Value);
}
