namespace Nebula.Rotation.Stores;

/// <summary>
/// Wildcards as PowerShell's: <c>*</c>, <c>?</c>, <c>[a-z]</c>, a backtick before a character that is meant as it is (about_Wildcards). Matched
/// without regard to case, on names folded as the store folds them. Written here because this assembly does not know PowerShell.
/// </summary>
internal sealed class Wildcard
{
    private readonly List<Part> _parts = [];

    public Wildcard(string pattern)
    {
        for (var index = 0; index < pattern.Length; index++)
        {
            switch (pattern[index])
            {
                case '*':
                    _parts.Add(new Part(Kind.Many, null));
                    break;
                case '?':
                    _parts.Add(new Part(Kind.One, null));
                    break;
                case '[':
                    _parts.Add(new Part(Kind.OneOf, ReadSet(pattern, ref index)));
                    break;
                case '`' when index + 1 < pattern.Length:
                    AddLiteral(pattern[++index]);
                    break;
                default:
                    AddLiteral(pattern[index]);
                    break;
            }
        }

        // Folded as a whole, because composing joins characters.
        for (var index = 0; index < _parts.Count; index++)
        {
            if (_parts[index] is { Kind: Kind.Literal, Text: { } text })
                _parts[index] = new Part(Kind.Literal, CredentialNames.Fold(text));
        }
    }

    private enum Kind
    {
        Literal,
        One,
        OneOf,
        Many,
    }

    /// <summary>The folded name, when the pattern has no wildcard and so means exactly one; else null.</summary>
    public string? Exact => _parts switch
    {
        [] => string.Empty,
        [{ Kind: Kind.Literal, Text: { } text }] => text,
        _ => null,
    };

    /// <param name="folded">A name as <see cref="CredentialNames.Fold"/> gives it.</param>
    public bool IsMatch(string folded)
    {
        // The usual two-finger match: on a mismatch, the latest star takes one character more.
        int part = 0, position = 0, starPart = -1, starPosition = 0;
        while (true)
        {
            if (part < _parts.Count && _parts[part].Kind == Kind.Many)
            {
                starPart = part++;
                starPosition = position;
                continue;
            }

            if (part == _parts.Count && position == folded.Length)
                return true;
            if (part < _parts.Count && Step(_parts[part], folded, position) is > 0 and var length)
            {
                part++;
                position += length;
                continue;
            }

            if (starPart < 0 || starPosition >= folded.Length)
                return false;
            part = starPart + 1;
            position = ++starPosition;
        }
    }

    /// <summary>How many characters the part takes here; 0 when it does not match.</summary>
    private static int Step(Part part, string folded, int position)
    {
        if (position >= folded.Length)
            return 0;
        return part.Kind switch
        {
            Kind.Literal => string.CompareOrdinal(folded, position, part.Text, 0, part.Text!.Length) == 0 ? part.Text.Length : 0,
            Kind.OneOf => IsInSet(part.Text!, folded[position]) ? 1 : 0,
            _ => 1,
        };
    }

    /// <summary>The set's text is pairs of first and last character.</summary>
    private static bool IsInSet(string ranges, char character)
    {
        var lower = char.ToLowerInvariant(character);
        for (var index = 0; index < ranges.Length; index += 2)
        {
            var (first, last) = (ranges[index], ranges[index + 1]);
            if ((first <= character && character <= last) || (first <= lower && lower <= last))
                return true;
        }

        return false;
    }

    private static string ReadSet(string pattern, ref int index)
    {
        var characters = new List<(char Value, bool Escaped)>();
        for (index++; index < pattern.Length && pattern[index] != ']'; index++)
        {
            var escaped = pattern[index] == '`' && index + 1 < pattern.Length;
            if (escaped)
                index++;
            characters.Add((pattern[index], escaped));
        }

        if (index == pattern.Length)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"The pattern '{pattern}' has a '[' without its ']'.",
                "Close it, or put a backtick before it when the name has that character.");
        }

        var ranges = new System.Text.StringBuilder();
        for (var at = 0; at < characters.Count; at++)
        {
            var isRange = at + 2 < characters.Count && characters[at + 1] is { Value: '-', Escaped: false };
            var last = isRange ? characters[at + 2].Value : characters[at].Value;
            ranges.Append(characters[at].Value).Append(last);
            if (isRange)
                at += 2;
        }

        return ranges.ToString();
    }

    private void AddLiteral(char character)
    {
        if (_parts is [.., { Kind: Kind.Literal, Text: { } text }])
            _parts[^1] = new Part(Kind.Literal, text + character);
        else
            _parts.Add(new Part(Kind.Literal, character.ToString()));
    }

    private readonly record struct Part(Kind Kind, string? Text);
}
