namespace Nebula.Rotation.Engine.Databases;

/// <summary>Options that -Option gives to a strategy, whatever the engine.</summary>
internal static class StrategyOptions
{
    /// <summary>The second of the two names that take turns.</summary>
    public const string AlternateUsername = "AlternateUsername";

    public static bool IsOne(string name) => name.Equals(AlternateUsername, StringComparison.OrdinalIgnoreCase);

    /// <summary>The credential with the name that takes turns with its login; null where the strategy has none, whatever was given.</summary>
    public static DatabaseCredential WithAlternate(DatabaseCredential credential, string? username)
    {
        var options = credential.Option.Where(option => !IsOne(option.Key)).ToDictionary();
        if (username is not null)
            options[AlternateUsername] = username;
        return credential with { Option = options };
    }

    /// <summary>The name as it was given, or null.</summary>
    public static string? GetAlternateUsername(DatabaseCredential credential) =>
        credential.Option.FirstOrDefault(option => IsOne(option.Key)).Value;
}
