namespace Nebula.Rotation.Help;

/// <summary>An example of a page: a heading, code, and what comes of it.</summary>
public sealed record HelpExample(string Title, string Code, string Remarks)
{
    private const string Fence = "```";

    internal static HelpExample Read(string title, string text)
    {
        var begin = text.IndexOf($"{Fence}powershell\n", StringComparison.Ordinal);
        var end = begin < 0 ? -1 : text.IndexOf($"\n{Fence}", begin + Fence.Length, StringComparison.Ordinal);
        if (end < 0)
            throw new InvalidDataException($"The example '{title}' has no block of powershell.");
        var code = text[(text.IndexOf('\n', begin) + 1)..end];
        return new HelpExample(title, code, (text[..begin] + text[(end + 1 + Fence.Length)..]).Trim());
    }
}
