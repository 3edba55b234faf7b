namespace Nebula.Rotation;

/// <summary>What a generated password is made of.</summary>
public sealed record PasswordPolicy
{
    /// <summary>Symbols that survive a URI, a shell, a .env file and every driver's connection string unescaped (RFC 3986, unreserved).</summary>
    public const string SafeSymbols = "-_.~";

    /// <summary>The shortest length that may be asked for.</summary>
    public const int MinimumLength = 16;

    /// <summary>The greatest length that may be asked for; every supported server takes it.</summary>
    public const int MaximumLength = 128;

    /// <summary>The policy used when none is given: 40 characters with upper case, lower case, digits and safe symbols.</summary>
    public static PasswordPolicy Default { get; } = new();

    /// <summary>Number of characters, from <see cref="MinimumLength"/> to <see cref="MaximumLength"/>.</summary>
    public int Length { get; init; } = 40;

    /// <summary>Symbols that may occur; at least one does. An empty text means letters and digits only.</summary>
    public string Symbols { get; init; } = SafeSymbols;
}
