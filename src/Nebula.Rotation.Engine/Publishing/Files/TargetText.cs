using System.Text;

namespace Nebula.Rotation.Engine.Publishing.Files;

/// <summary>A file's content as text: UTF-8, with or without a byte order mark, which stays as it is, and so do the line ends.</summary>
internal static class TargetText
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>Changes the text in a content; no content is an empty text.</summary>
    public static byte[] Change(string path, byte[]? content, Func<string, string> change)
    {
        var hasMark = content is not null && content.AsSpan().StartsWith(Mark);
        string text;
        try
        {
            text = content is null ? "" : Utf8.GetString(content.AsSpan(hasMark ? Mark.Length : 0));
        }
        catch (DecoderFallbackException exception)
        {
            throw TargetFailure.Because($"'{path}' is no UTF-8 text.", "Save it as UTF-8.", exception);
        }

        var changed = Utf8.GetBytes(change(text));
        return hasMark ? [.. Mark, .. changed] : changed;
    }

    /// <summary>The line end that the text uses; its first one.</summary>
    public static string LineEnd(string text) => text.IndexOf('\n', StringComparison.Ordinal) is > 0 and var at && text[at - 1] == '\r' ? "\r\n" : "\n";

    /// <summary>The text with a line at its end.</summary>
    public static string Append(string text, string line)
    {
        var end = LineEnd(text);
        return text + (text.Length == 0 || text.EndsWith('\n') ? "" : end) + line + end;
    }

    /// <summary>The beginnings of the lines and their lengths, without the line ends.</summary>
    public static IEnumerable<(int Start, int Length)> Lines(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            var next = end < 0 ? text.Length : end + 1;
            var length = (end < 0 ? text.Length : end) - start;
            if (length > 0 && text[start + length - 1] == '\r')
                length--;
            yield return (start, length);
            start = next;
        }
    }
}
