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

    /// <summary>Where the server itself is, when the credential's HostName is a pooler's: as HostName, several with a comma between them.</summary>
    public const string AdminHostName = "AdminHostName";

    /// <summary>The port there, where it is not the credential's own.</summary>
    public const string AdminPort = "AdminPort";

    private static readonly string[] Names = [LockTimeoutName, AllowName, AdminHostName, AdminPort];

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
        if (credential.Option.Keys.FirstOrDefault(name => !Names.Contains(name, StringComparer.OrdinalIgnoreCase) && !StrategyOptions.IsOne(name)) is { } unknown)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"PostgreSQL has no option '{unknown}'.",
                $"Use {string.Join(", ", Names)} or {StrategyOptions.AlternateUsername}, or leave options out.");
        }

        if (Value(credential, AdminPort) is { } port && (Value(credential, AdminHostName) is null || !IsPort(port)))
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                IsPort(port) ? $"{AdminPort} is given without {AdminHostName}." : $"{AdminPort} '{port}' is not a TCP port.",
                $"Give the server's own host with {AdminHostName}, and a port from 1 to 65535.");
        }
    }

    /// <summary>
    /// The credential as it is for whoever must not go through a pooler: in transaction mode a session's locks and settings are gone after each transaction, and
    /// a pooler's own sessions are not the clients'. The same one when no other address is given.
    /// </summary>
    public static DatabaseCredential Direct(DatabaseCredential credential) =>
        Value(credential, AdminHostName) is not { } hosts
            ? credential
            : credential with
            {
                HostName = hosts.Split(',', StringSplitOptions.TrimEntries),
                Port = Value(credential, AdminPort) is { } port ? int.Parse(port, CultureInfo.InvariantCulture) : credential.Port,
            };

    private static bool IsPort(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535;

    private static string[] Allowed(DatabaseCredential credential) =>
        Value(credential, AllowName)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static string? Value(DatabaseCredential credential, string name) =>
        credential.Option.FirstOrDefault(option => option.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static RotationException Invalid(string text) =>
        new(RotationErrorCode.InvalidArgument, $"{LockTimeoutName} '{text}' is not a time from 1ms to 60s.", "Use a number of milliseconds, or a number with ms or s, such as 500ms.");
}
