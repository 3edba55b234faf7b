using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Nebula.Rotation.Engine.Databases;

namespace Nebula.Rotation.Engine.Passwords;

/// <summary>
/// Makes user names from a template: <c>{name}</c> is the credential's name, <c>{random}</c> eight hexadecimal digits, <c>{date}</c> the day as
/// yyyyMMdd (UTC). The name gives way when the whole would be too long, the random part never: a server that cuts a long name silently
/// would otherwise give the old one back.
/// </summary>
internal static partial class UsernameGenerator
{
    public const string DefaultTemplate = "{name}_{random}";

    /// <summary>What tells the second of two names that take turns from the first.</summary>
    public const string AlternateSuffix = "_b";

    /// <summary>What an owner role's name ends with.</summary>
    private const string OwnerSuffix = "_owner";

    private const int RandomBytes = 4;

    public static void ValidateTemplate(string? template, UsernameRules rules)
    {
        if (template is null)
            return;
        if (!template.Contains("{random}", StringComparison.Ordinal))
            throw Invalid($"The user name template '{template}' has no {{random}}: two rotations could draw the same name.");
        var rest = Placeholder().Replace(template, "");
        if (rest.Contains('{', StringComparison.Ordinal) || rest.Contains('}', StringComparison.Ordinal))
            throw Invalid($"The user name template '{template}' has a placeholder other than {{name}}, {{random}} and {{date}}.");
        if (rest.Any(char.IsControl))
            throw Invalid("The user name template has a control character.");
        if (rules.Measure(Fill(template, "", new string('0', RandomBytes * 2), "20000101")) > rules.MaxLength - 1)
            throw Invalid($"The user name template '{template}' is longer than the {rules.MaxLength} {rules.Unit} that the server takes.");
    }

    public static string Generate(string? template, string credentialName, UsernameRules rules, DateTimeOffset now)
    {
        ValidateTemplate(template, rules);
        var random = Convert.ToHexString(RandomNumberGenerator.GetBytes(RandomBytes)).ToLowerInvariant();
        var date = now.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        var name = Plain(credentialName);
        while (true)
        {
            var username = Fill(template ?? DefaultTemplate, name, random, date);
            if (rules.ReservedPrefixes.FirstOrDefault(prefix => username.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) is { } reserved)
                username = "n" + username[reserved.Length..];
            if (rules.Measure(username) <= rules.MaxLength)
                return username;
            name = name[..^1];
        }
    }

    /// <summary>True for a name that the template could have given; the credential's name may have been cut to fit.</summary>
    public static bool IsGenerated(string username, string? template, string credentialName)
    {
        var pattern = Placeholder().Replace(Regex.Escape(template ?? DefaultTemplate).Replace(@"\{", "{", StringComparison.Ordinal), placeholder => placeholder.Groups[1].Value switch
        {
            "name" => "(?<name>[a-z0-9_]*)",
            "random" => $"[0-9a-f]{{{RandomBytes * 2}}}",
            _ => "[0-9]{8}",
        });
        return Regex.Match(username, $@"\A{pattern}\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)) is { Success: true } match
            && Plain(credentialName).StartsWith(match.Groups["name"].Value, StringComparison.Ordinal);
    }

    /// <summary>
    /// The name that takes turns with another: with the ending, or without it where the other has it. Cut to fit, the ending never.
    /// </summary>
    public static string Alternate(string username, UsernameRules rules)
    {
        if (username.Length > AlternateSuffix.Length && username.EndsWith(AlternateSuffix, StringComparison.Ordinal))
            return username[..^AlternateSuffix.Length];
        var name = username;
        while (rules.Measure(name + AlternateSuffix) > rules.MaxLength || (name.Length > 0 && char.IsHighSurrogate(name[^1])))
            name = name[..^1];
        return name + AlternateSuffix;
    }

    /// <summary>The name of a credential's owner role. Cut to fit, the ending never.</summary>
    public static string OwnerRole(string credentialName, UsernameRules rules)
    {
        var name = Plain(credentialName);
        if (rules.ReservedPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            name = "n" + name;
        while (rules.Measure(name + OwnerSuffix) > rules.MaxLength)
            name = name[..^1];
        return name + OwnerSuffix;
    }

    /// <summary>Refuses a user name that the server would cut or keep for itself.</summary>
    public static void ValidateUsername(string username, UsernameRules rules)
    {
        if (username.Length == 0)
            throw Invalid("The user name is empty.");
        if (username.Contains('\0', StringComparison.Ordinal))
            throw Invalid("The user name has a null character.");
        if (rules.Measure(username) > rules.MaxLength)
        {
            throw Invalid(
                $"The user name '{username}' has {rules.Measure(username)} {rules.Unit}; the server takes {rules.MaxLength} and would cut the rest off silently.");
        }

        if (rules.ReservedPrefixes.FirstOrDefault(prefix => username.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) is { } reserved)
            throw Invalid($"The user name '{username}' begins with '{reserved}', which the server keeps for itself.");
    }

    /// <summary>Letters, digits and underscores of ASCII: what needs no quoting in host rules, URIs and shells.</summary>
    private static string Plain(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (var character in name)
            text.Append(char.IsAsciiLetterOrDigit(character) ? char.ToLowerInvariant(character) : '_');
        var plain = text.ToString().Trim('_');
        return plain.Length == 0 ? "login" : char.IsAsciiDigit(plain[0]) ? "n" + plain : plain;
    }

    private static string Fill(string template, string name, string random, string date) => template
        .Replace("{name}", name, StringComparison.Ordinal)
        .Replace("{random}", random, StringComparison.Ordinal)
        .Replace("{date}", date, StringComparison.Ordinal);

    private static RotationException Invalid(string message) => new(RotationErrorCode.InvalidArgument, message, "Nothing was changed. Give another one.");

    [GeneratedRegex(@"\{(name|random|date)\}", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();
}
