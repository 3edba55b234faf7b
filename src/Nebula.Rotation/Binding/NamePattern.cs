using System.Management.Automation;

namespace Nebula.Rotation.Module.Binding;

/// <summary>A name with PowerShell's wildcards, which are more than the store's: it has no [a-z].</summary>
internal sealed class NamePattern(string text)
{
    private readonly WildcardPattern _pattern = WildcardPattern.Get(text, WildcardOptions.IgnoreCase);

    public bool HasWildcards { get; } = WildcardPattern.ContainsWildcardCharacters(text);

    public bool MatchesAll { get; } = text == "*";

    /// <summary>What the store can select by; the rest is done by <see cref="Matches"/>.</summary>
    public IReadOnlyList<string> ForFilter => text.AsSpan().ContainsAny('[', ']', '`') ? [] : [text];

    public bool Matches(string name) => _pattern.IsMatch(name);

    public override string ToString() => text;
}
