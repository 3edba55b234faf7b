using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation;

/// <summary>
/// A password. Its text is given by a method, never by a property: a getter would leak through ConvertTo-Json, CLIXML and Select-Object.
/// The text lives in managed memory, which cannot be zeroed; the promise is that it reaches no sink, not that it is unreadable in a dump.
/// </summary>
public sealed class Secret : IEquatable<Secret>
{
    private readonly string _text;

    /// <summary>Wraps a text.</summary>
    /// <param name="text">The secret itself; may be empty, never null.</param>
    public Secret(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _text = text;
    }

    /// <summary>Gives the text. Call it where the text is handed over, and keep no copy.</summary>
    public string Reveal() => _text;

    /// <inheritdoc/>
    public bool Equals(Secret? other) =>
        other is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(_text), Encoding.UTF8.GetBytes(other._text));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Secret);

    /// <summary>The same number for every secret, so that a hash tells nothing about the text.</summary>
    public override int GetHashCode() => 0;

    /// <summary>Three asterisks, whatever the text.</summary>
    public override string ToString() => "***";
}
