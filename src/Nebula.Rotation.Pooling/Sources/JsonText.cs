using System.Text.Json;

namespace Nebula.Rotation.Pooling.Sources;

/// <summary>Texts of a JSON file by key path, as .NET's configuration names them: a colon between, case does not count, comments are allowed.</summary>
internal static class JsonText
{
    private static readonly JsonDocumentOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Gives what finds a value.</summary>
    /// <exception cref="FormatException">It is no JSON, or has no such text. The message quotes nothing of it.</exception>
    public static Func<string, string> Parse(string text)
    {
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(text, Options);
            root = document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new FormatException($"it is no JSON (line {exception.LineNumber + 1}).");
        }

        return path => Find(root, path);
    }

    private static string Find(JsonElement element, string path)
    {
        foreach (var key in path.Split(':'))
        {
            if (element.ValueKind != JsonValueKind.Object)
                throw Missing(path);
            // The exact name first; a key that is written twice counts as its last.
            var exact = element.EnumerateObject().Where(property => property.Name == key).ToList();
            var found = exact.Count > 0 ? exact : [.. element.EnumerateObject().Where(property => property.Name.Equals(key, StringComparison.OrdinalIgnoreCase))];
            element = found.Count > 0 ? found[^1].Value : throw Missing(path);
        }

        return element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Missing(path);
    }

    private static FormatException Missing(string path) => new($"there is no text at '{path}'.");
}
