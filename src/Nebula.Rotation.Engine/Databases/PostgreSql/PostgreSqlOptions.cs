using System.Globalization;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>The options that -Option gives this room.</summary>
internal static class PostgreSqlOptions
{
    /// <summary>How long a statement waits for a lock, in milliseconds or with a unit as PostgreSQL has it (500ms, 2s).</summary>
    private const string LockTimeoutName = "LockTimeout";

    /// <summary>What is allowed that would otherwise stand in the way: a list of words.</summary>
    public const string AllowName = "Allow";

    /// <summary>Rotates although something knows the login by its name and will work otherwise for the next one.</summary>
    public const string Mentions = "Mentions";

    /// <summary>Short: everybody who comes after a statement that waits for a lock waits too.</summary>
    private const string DefaultLockTimeout = "500ms";

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    public static string LockTimeout(DatabaseCredential credential)
    {
        if (Value(credential, LockTimeoutName) is not { } text)
            return DefaultLockTimeout;
        var number = text.TrimEnd('m', 's');
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || text[number.Length..] is not ("" or "ms" or "s"))
            throw Invalid(text);
        var time = text.EndsWith("ms", StringComparison.Ordinal) || number == text ? TimeSpan.FromMilliseconds(value) : TimeSpan.FromSeconds(value);
        return time > TimeSpan.Zero && time <= Longest ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0}ms") : throw Invalid(text);
    }

    public static bool AllowsMentions(DatabaseCredential credential) => Allowed(credential).Contains(Mentions, StringComparer.OrdinalIgnoreCase);

    public static void Validate(DatabaseCredential credential)
    {
        LockTimeout(credential);
        if (Allowed(credential).FirstOrDefault(word => !word.Equals(Mentions, StringComparison.OrdinalIgnoreCase)) is { } strange)
            throw new RotationException(RotationErrorCode.InvalidArgument, $"{AllowName} '{strange}' means nothing to PostgreSQL.", $"Use {Mentions}, or leave the option out.");
        if (credential.Option.Keys.FirstOrDefault(name => !name.Equals(LockTimeoutName, StringComparison.OrdinalIgnoreCase) && !name.Equals(AllowName, StringComparison.OrdinalIgnoreCase) && !StrategyOptions.IsOne(name)) is { } unknown)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument, $"PostgreSQL has no option '{unknown}'.", $"Use {LockTimeoutName}, {AllowName} or {StrategyOptions.AlternateUsername}, or leave options out.");
        }
    }

    private static string[] Allowed(DatabaseCredential credential) =>
        Value(credential, AllowName)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static string? Value(DatabaseCredential credential, string name) =>
        credential.Option.FirstOrDefault(option => option.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static RotationException Invalid(string text) =>
        new(RotationErrorCode.InvalidArgument, $"{LockTimeoutName} '{text}' is not a time from 1ms to 60s.", "Use a number of milliseconds, or a number with ms or s, such as 500ms.");
}
