namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>The options that -Option gives this room.</summary>
internal static class MongoDbOptions
{
    /// <summary>The database that the application's user lives in; "admin" when it is not said.</summary>
    public const string AuthSourceName = "AuthSource";

    /// <summary>The database that the admin lives in; "admin" when it is not said.</summary>
    public const string AdminAuthSourceName = "AdminAuthSource";

    /// <summary>The replica set's name; without it the servers are asked.</summary>
    public const string ReplicaSetName = "ReplicaSet";

    /// <summary>"true": the host name is that of an SRV record (mongodb+srv).</summary>
    public const string SrvName = "Srv";

    /// <summary>"true": only the hosts that the credential names are talked to, whatever members they know (a tunnel, a forwarded port).</summary>
    public const string DirectConnectionName = "DirectConnection";

    /// <summary>What is allowed that would otherwise stand in the way: a list of words.</summary>
    public const string AllowName = "Allow";

    /// <summary>Lets new passwords travel without TLS to a server on another machine.</summary>
    public const string ClearText = "ClearText";

    private const string DefaultAuthSource = "admin";

    private const string ExternalSource = "$external";

    private static readonly string[] Names = [AuthSourceName, AdminAuthSourceName, ReplicaSetName, SrvName, DirectConnectionName, AllowName];

    public static string AuthSource(DatabaseCredential credential) => Value(credential, AuthSourceName) ?? DefaultAuthSource;

    public static string AdminAuthSource(DatabaseCredential credential) => Value(credential, AdminAuthSourceName) ?? DefaultAuthSource;

    public static string? ReplicaSet(DatabaseCredential credential) => Value(credential, ReplicaSetName);

    public static bool IsSrv(DatabaseCredential credential) => Flag(credential, SrvName);

    public static bool IsDirect(DatabaseCredential credential) => Flag(credential, DirectConnectionName);

    public static bool AllowsClearText(DatabaseCredential credential) => Allowed(credential).Contains(ClearText, StringComparer.OrdinalIgnoreCase);

    public static void Validate(DatabaseCredential credential)
    {
        if (AuthSource(credential) == ExternalSource)
        {
            throw Invalid(
                $"{AuthSourceName} '{ExternalSource}': an x.509, LDAP, Kerberos or OIDC user has no password in MongoDB, and there is none to rotate.",
                "Rotate its certificate or its directory password where that is kept.");
        }

        if (AdminAuthSource(credential) == ExternalSource)
            throw Invalid($"{AdminAuthSourceName} '{ExternalSource}' is not supported.", "Give an admin with a password (SCRAM).");
        MongoDbDialect.ValidateDatabase(AuthSource(credential), AuthSourceName);
        MongoDbDialect.ValidateDatabase(AdminAuthSource(credential), AdminAuthSourceName);
        if (IsSrv(credential) && IsDirect(credential))
            throw Invalid($"{SrvName} and {DirectConnectionName} exclude each other.", "Name the hosts themselves for a direct connection.");
        if (IsDirect(credential) && credential.HostName.Count > 1)
            throw Invalid($"{DirectConnectionName} is for one host, and the credential names {credential.HostName.Count}.", "Name one host, or leave the option out.");
        if (Allowed(credential).FirstOrDefault(word => !word.Equals(ClearText, StringComparison.OrdinalIgnoreCase)) is { } strange)
            throw Invalid($"{AllowName} '{strange}' means nothing to MongoDB.", $"Use {ClearText}, or leave the option out.");
        if (credential.Option.Keys.FirstOrDefault(name => !Names.Contains(name, StringComparer.OrdinalIgnoreCase) && !StrategyOptions.IsOne(name)) is { } unknown)
            throw Invalid($"MongoDB has no option '{unknown}'.", $"Use {string.Join(", ", Names)} or {StrategyOptions.AlternateUsername}, or leave options out.");
    }

    private static bool Flag(DatabaseCredential credential, string name) => Value(credential, name) switch
    {
        null => false,
        var text when bool.TryParse(text, out var value) => value,
        var text => throw Invalid($"{name} '{text}' is neither true nor false.", "Use true or false."),
    };

    private static string[] Allowed(DatabaseCredential credential) =>
        Value(credential, AllowName)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static string? Value(DatabaseCredential credential, string name) =>
        credential.Option.FirstOrDefault(option => option.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value is { Length: > 0 } value ? value : null;

    private static RotationException Invalid(string message, string action) => new(RotationErrorCode.InvalidArgument, message, action);
}
