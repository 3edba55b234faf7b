namespace Nebula.Rotation.Engine.Databases;

/// <summary>Options that -Option gives to the workflow, whatever the engine.</summary>
internal static class StrategyOptions
{
    /// <summary>The second of the two names that take turns.</summary>
    public const string AlternateUsername = "AlternateUsername";

    /// <summary>The credential that this one stands in for: never rotated in the same run.</summary>
    public const string PairWith = "PairWith";

    /// <summary>The least time between the rotations of a pair.</summary>
    public const string Offset = "Offset";

    private static readonly string[] Names = [AlternateUsername, PairWith, Offset];

    public static bool IsOne(string name) => Names.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The credential with the name that takes turns with its login; null where the strategy has none, whatever was given.</summary>
    public static DatabaseCredential WithAlternate(DatabaseCredential credential, string? username)
    {
        var options = credential.Option.Where(option => !IsAlternate(option.Key)).ToDictionary();
        if (username is not null)
            options[AlternateUsername] = username;
        return credential with { Option = options };
    }

    /// <summary>The name as it was given, or null.</summary>
    public static string? GetAlternateUsername(DatabaseCredential credential) =>
        credential.Option.FirstOrDefault(option => IsAlternate(option.Key)).Value;

    private static bool IsAlternate(string name) => name.Equals(AlternateUsername, StringComparison.OrdinalIgnoreCase);
}
