using System.Globalization;
using System.Text;

namespace Nebula.Rotation.Stores;

/// <summary>Names of credentials and scopes: what they may hold, and when two are the same.</summary>
internal static class CredentialNames
{
    public const int MaximumLength = 200;

    /// <summary>The form by which names are compared: composed (NFC), upper case by the invariant culture, so that é equals E + accent and É.</summary>
    public static string Fold(string name)
    {
        try
        {
            return name.Normalize(NormalizationForm.FormC).ToUpperInvariant().Normalize(NormalizationForm.FormC);
        }
        catch (ArgumentException exception)
        {
            throw new RotationException(RotationErrorCode.InvalidArgument, "A name holds a half of a surrogate pair: it is not valid Unicode.", "Give another name.", exception);
        }
    }

    /// <summary>Refuses what cannot be typed, printed or told apart later.</summary>
    public static void Check(string name, string what)
    {
        if (string.IsNullOrWhiteSpace(name))
            throw Invalid($"The {what} is empty.");
        if (name.Length > MaximumLength)
            throw Invalid($"The {what} has {name.Length} characters; at most {MaximumLength} are allowed.");
        if (name[0] == ' ' || name[^1] == ' ')
            throw Invalid($"The {what} '{name}' begins or ends with a space.");
        if (name.EnumerateRunes().Any(static rune => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator))
            throw Invalid($"The {what} holds a control character.");
        _ = Fold(name);
    }

    /// <summary>Refuses a user name or password that no store and no server can keep as it is.</summary>
    public static void Check(Login login)
    {
        if (login.Username.Contains('\0'))
            throw Invalid("The user name holds a NUL character.");
        if (!IsUnicode(login.Username) || !IsUnicode(login.Password.Reveal()))
            throw Invalid("The user name or the password is not valid Unicode: it holds a half of a surrogate pair.");
    }

    private static bool IsUnicode(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (!char.IsSurrogate(text[index]))
                continue;
            if (index + 1 == text.Length || !char.IsSurrogatePair(text[index], text[index + 1]))
                return false;
            index++;
        }

        return true;
    }

    private static RotationException Invalid(string message) => new(RotationErrorCode.InvalidArgument, message, "Give another one.");
}
