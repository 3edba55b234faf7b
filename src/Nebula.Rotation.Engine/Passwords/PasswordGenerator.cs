using System.Security.Cryptography;

namespace Nebula.Rotation.Engine.Passwords;

/// <summary>Draws passwords from the system's random number generator, each character of the alphabet equally likely.</summary>
internal static class PasswordGenerator
{
    private const string Lower = "abcdefghijklmnopqrstuvwxyz";
    private const string Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Digits = "0123456789";

    public static void Validate(PasswordPolicy policy)
    {
        if (policy.Length is < PasswordPolicy.MinimumLength or > PasswordPolicy.MaximumLength)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"A password length of {policy.Length} is not allowed; it must be from {PasswordPolicy.MinimumLength} to {PasswordPolicy.MaximumLength} characters.");
        }

        if (policy.Symbols.Any(symbol => !char.IsAscii(symbol) || char.IsAsciiLetterOrDigit(symbol) || char.IsControl(symbol) || symbol == ' '))
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument, "The symbols of a password policy must be printable ASCII characters other than letters, digits and space.");
        }
    }

    /// <summary>
    /// A password with every required class. A draw that lacks one is thrown away whole: repairing it would make some passwords likelier than
    /// others. The first character is a letter, so that no tool takes the password for an option or a number.
    /// </summary>
    public static Secret Generate(PasswordPolicy policy)
    {
        Validate(policy);
        var symbols = string.Concat(policy.Symbols.Distinct());
        var alphabet = Lower + Upper + Digits + symbols;
        while (true)
        {
            var text = RandomNumberGenerator.GetString(Lower + Upper, 1) + RandomNumberGenerator.GetString(alphabet, policy.Length - 1);
            if (text.Any(char.IsAsciiLetterLower) && text.Any(char.IsAsciiLetterUpper) && text.Any(char.IsAsciiDigit)
                && (symbols.Length == 0 || text.Any(symbols.Contains)))
            {
                return new(text);
            }
        }
    }
}
