using System.Text;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Scram;

/// <summary>
/// SASLprep (RFC 4013) as PostgreSQL does it (src/common/saslprep.c): a password that it refuses is used as it is, so that every password works.
/// </summary>
internal static class SaslPrep
{
    /// <summary>The password as both sides of SCRAM hash it.</summary>
    public static string Prepare(string password) => TryPrepare(password) ?? password;

    /// <summary>The prepared text, or null for one that SASLprep prohibits.</summary>
    public static string? TryPrepare(string text)
    {
        if (System.Text.Ascii.IsValid(text))
            return text;
        var mapped = new StringBuilder(text.Length);
        foreach (var (rune, valid) in Runes(text))
        {
            if (!valid)
                return null;
            if (SaslPrepTables.Has(SaslPrepTables.NonAsciiSpaces, rune.Value))
                mapped.Append(' ');
            else if (!SaslPrepTables.Has(SaslPrepTables.MappedToNothing, rune.Value))
                mapped.Append(rune);
        }

        if (mapped.Length == 0)
            return null;
        // PostgreSQL looks for what is prohibited, and for directions, in the mapped text before it normalises; what is unassigned cannot change by it.
        var input = mapped.ToString();
        return IsAllowed(input) ? input.Normalize(NormalizationForm.FormKC) : null;
    }

    private static bool IsAllowed(string text)
    {
        var (right, left) = (false, false);
        var runes = text.EnumerateRunes().Select(rune => rune.Value).ToList();
        foreach (var rune in runes)
        {
            if (SaslPrepTables.Has(SaslPrepTables.Prohibited, rune) || SaslPrepTables.Has(SaslPrepTables.Unassigned, rune))
                return false;
            right |= SaslPrepTables.Has(SaslPrepTables.RightToLeft, rune);
            left |= SaslPrepTables.Has(SaslPrepTables.LeftToRight, rune);
        }

        // RFC 3454, section 6: text from right to left has no letter of the other direction, and begins and ends with one of its own.
        return !right || (!left && SaslPrepTables.Has(SaslPrepTables.RightToLeft, runes[0]) && SaslPrepTables.Has(SaslPrepTables.RightToLeft, runes[^1]));
    }

    private static IEnumerable<(Rune Rune, bool Valid)> Runes(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var valid = Rune.TryGetRuneAt(text, at, out var rune);
            yield return (rune, valid);
            at += valid ? rune.Utf16SequenceLength : 1;
        }
    }
}
