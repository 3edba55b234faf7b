namespace Nebula.Rotation.Engine.Publishing.PgBouncer;

/// <summary>Settings of a PgBouncer target.</summary>
internal static class PgBouncerOptions
{
    /// <summary>Where PgBouncer listens; by default the credential's own host where that is a pooler's, else 127.0.0.1.</summary>
    public const string Host = "Host";

    /// <summary>6432 by default.</summary>
    public const string Port = "Port";

    /// <summary>The database's name at PgBouncer; the credential's by default.</summary>
    public const string Database = "Database";

    /// <summary>How the connection to PgBouncer is protected; Prefer by default.</summary>
    public const string SslMode = "SslMode";

    /// <summary>Verifier (by default), or Password where the admin cannot read verifiers.</summary>
    public const string Form = "Form";

    /// <summary>The name of a credential that may use PgBouncer's console.</summary>
    public const string ConsoleCredential = "ConsoleCredential";

    private const int RegisteredPort = 6432;

    public static void Validate(PublishTarget target)
    {
        TargetOptions.Allow(target, Host, Port, Database, SslMode, Form, ConsoleCredential);
        _ = PortOf(target);
        if (TargetOptions.Find(target, SslMode) is { } mode && !Enum.TryParse<SslMode>(mode, ignoreCase: true, out _))
            throw TargetFailure.Invalid(target, $"'{mode}' is no {SslMode}.", $"Give one of: {string.Join(", ", Enum.GetNames<SslMode>())}.");
        if (TargetOptions.Find(target, Form) is { } form && !form.Equals("Verifier", StringComparison.OrdinalIgnoreCase) && !HoldsPassword(target))
            throw TargetFailure.Invalid(target, $"'{form}' is no {Form}.", "Give Verifier or Password.");
        if ((TargetOptions.Find(target, ConsoleCredential) is null) == (target.Arguments.Count == 0))
        {
            throw TargetFailure.Invalid(
                target, "it does not say how PgBouncer is told, or says it twice.", "Give -ConsoleCredentialName for its console, or -ReloadCommand for a program.");
        }
    }

    public static bool HoldsPassword(PublishTarget target) => string.Equals(TargetOptions.Find(target, Form), "Password", StringComparison.OrdinalIgnoreCase);

    /// <summary>The credential as it reads through PgBouncer.</summary>
    public static DatabaseCredential Through(TargetContext context)
    {
        var (target, credential) = (context.Target, context.Credential);
        var isPooled = !ReferenceEquals(context.Engine.WithoutPooler(credential), credential) && TargetOptions.Find(target, Host) is null;
        return credential with
        {
            HostName = isPooled ? credential.HostName : [TargetOptions.Find(target, Host) ?? "127.0.0.1"],
            Port = isPooled && TargetOptions.Find(target, Port) is null ? credential.Port : PortOf(target),
            Database = TargetOptions.Find(target, Database) ?? credential.Database,
            SslMode = Enum.TryParse<SslMode>(TargetOptions.Find(target, SslMode), ignoreCase: true, out var mode) ? mode : isPooled ? credential.SslMode : Rotation.SslMode.Prefer,
        };
    }

    private static int PortOf(PublishTarget target) => TargetOptions.Number(target, Port, RegisteredPort, 1, 65535);
}
