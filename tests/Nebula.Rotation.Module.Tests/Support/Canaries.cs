using System.Text;
using System.Text.Json;
using Nebula.Rotation.Module.Tests.Hosting;

namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>Looks for a password in everything a command gave, in the forms in which passwords leak.</summary>
internal static class Canaries
{
    public static void AssertAbsent(string canary, RunResult result, TestHost host) =>
        Assert.Empty(FindIn(canary, result.Everything + host.Everything + Deep(result)));

    /// <summary>The forms that were found.</summary>
    public static IReadOnlyList<string> FindIn(string canary, string text) =>
        [.. Forms(canary).Where(form => text.Contains(form.Value, StringComparison.OrdinalIgnoreCase)).Select(form => form.Key)];

    private static Dictionary<string, string> Forms(string canary) => new()
    {
        ["plain"] = canary,
        ["base64"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(canary)),
        ["base64 of UTF-16"] = Convert.ToBase64String(Encoding.Unicode.GetBytes(canary)),
        ["URL"] = Uri.EscapeDataString(canary),
        ["form"] = System.Net.WebUtility.UrlEncode(canary),
        ["JSON"] = JsonEncodedText.Encode(canary).ToString(),
        ["XML text"] = canary.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal),
        ["XML"] = System.Security.SecurityElement.Escape(canary)!,
        ["hex"] = Convert.ToHexString(Encoding.UTF8.GetBytes(canary)),
    };

    // What a user would see with Format-List * or Export-Clixml: properties, and theirs.
    private static string Deep(RunResult result)
    {
        var text = new StringBuilder();
        foreach (var item in result.Output.Where(o => o is not null))
            text.AppendLine(System.Management.Automation.PSSerializer.Serialize(item, 5));
        foreach (var error in result.Errors)
            text.AppendLine(System.Management.Automation.PSSerializer.Serialize(error, 4));
        return text.ToString();
    }
}
