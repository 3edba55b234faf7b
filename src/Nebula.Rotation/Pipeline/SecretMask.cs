using System.Text;
using System.Text.Json;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>Takes a password out of a text that a user's script made, in the forms in which scripts hand passwords on.</summary>
internal sealed class SecretMask
{
    private readonly string[] _forms;

    public SecretMask(params Secret?[] secrets) =>
        // Longest first: an escaped form can contain the plain one.
        _forms = [.. secrets.OfType<Secret>().Select(secret => secret.Reveal()).Where(text => text.Length > 0).SelectMany(Forms).Distinct().OrderByDescending(form => form.Length)];

    private static string[] Forms(string text) =>
    [
        text,
        Uri.EscapeDataString(text),
        JsonEncodedText.Encode(text).ToString(),
        Convert.ToBase64String(Encoding.UTF8.GetBytes(text)),
    ];

    /// <summary>True when a text has the password in it.</summary>
    public bool Hides(string text) => !string.Equals(Apply(text), text, StringComparison.Ordinal);

    public string Apply(string text) => _forms.Aggregate(text, (masked, form) => masked.Replace(form, "***", StringComparison.Ordinal));
}
