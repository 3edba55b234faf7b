using System.Management.Automation;

namespace Nebula.Rotation.Module.Formatting;

/// <summary>
/// Colours of the views: green for what is well, yellow for what waits or was left, red for what went wrong. They are those of the user's $PSStyle, and PowerShell
/// takes them out where the output is no screen.
/// </summary>
public static class Colour
{
    private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["True"] = "Green", ["Succeeded"] = "Green", ["Completed"] = "Green", ["Rotated"] = "Green",
        ["Running"] = "Yellow", ["Draining"] = "Yellow", ["Retained"] = "Yellow", ["RolledBack"] = "Yellow", ["Undone"] = "Yellow", ["Skipped"] = "Yellow",
        ["Stopped"] = "Yellow", ["overdue"] = "Yellow", ["on hold"] = "Yellow",
        ["False"] = "Red", ["Failed"] = "Red", ["RollbackFailed"] = "Red", ["Incomplete"] = "Red",
    };

    /// <summary>A word in the colour of its meaning, as it is where it has none.</summary>
    /// <param name="word">Shown; an enum, a true or a false, a text. As PowerShell has it: of an enum that was written out only that keeps the word.</param>
    /// <param name="style">The session's $PSStyle.</param>
    public static string Word(PSObject? word, object? style) => Word(word, style, word?.ToString());

    /// <summary>A text in the colour of a word.</summary>
    public static string Word(PSObject? text, object? style, string? meaning)
    {
        var shown = text?.ToString() ?? "";
        if (shown.Length == 0 || style is null || FindColour(meaning ?? "") is not { } name)
            return shown;
        var look = PSObject.AsPSObject(style);
        if ($"{look.Properties["OutputRendering"]?.Value}" == "PlainText" || look.Properties["Foreground"]?.Value is not { } foreground)
            return shown;
        return $"{PSObject.AsPSObject(foreground).Properties[name]?.Value}{shown}{look.Properties["Reset"]?.Value}";
    }

    // "overdue 2.0 d" means what its first word says.
    private static string? FindColour(string meaning) =>
        Names.TryGetValue(meaning, out var name) || Names.TryGetValue(meaning.Split(' ')[0], out name) ? name : null;
}
