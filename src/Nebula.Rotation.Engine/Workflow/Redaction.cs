using System.Text.Json;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>Takes passwords out of texts that come from elsewhere: scripts, drivers, servers.</summary>
internal static class Redaction
{
    private const string Mask = "***";

    public static string Apply(string text, params IEnumerable<Secret> secrets)
    {
        foreach (var secret in secrets)
        {
            var plain = secret.Reveal();
            if (plain.Length == 0)
                continue;

            // The longest forms first: an escaped form may hold the plain one.
            string[] forms =
            [
                Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(plain)),
                Uri.EscapeDataString(plain),
                JsonSerializer.Serialize(plain)[1..^1],
                plain.Replace("'", "''", StringComparison.Ordinal),
                plain,
            ];
            foreach (var form in forms.OrderByDescending(form => form.Length))
                text = text.Replace(form, Mask, StringComparison.Ordinal);
        }

        return text;
    }
}
