using System.Management.Automation;
using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Binding;

/// <summary>
/// Makes a change of a credential from what was given. Everything is read and checked here, on the pipeline thread; what it returns is pure
/// and may run anywhere. An empty text and a zero clear a setting.
/// </summary>
internal static class CredentialSettings
{
    // The engines count whole seconds and take zero for "for ever".
    private static readonly TimeSpan ShortestTimeout = TimeSpan.FromSeconds(1);

    public static Func<DatabaseCredential, DatabaseCredential> Read(PSCmdlet cmdlet, ICredentialSettings given)
    {
        var certificate = string.IsNullOrEmpty(given.CACertificate)
            ? given.CACertificate
            : StorePath.ResolveFile(cmdlet, given.CACertificate, nameof(given.CACertificate));
        var policy = given.PasswordPolicy is null ? null : Options.Checked(given.PasswordPolicy);
        var option = given.Option is null ? null : Options.ToOptions(given.Option);
        var timeout = given.ConnectionTimeout is { } wanted ? WholeSeconds(wanted) : (TimeSpan?)null;
        // Copies: the caller's arrays can change while the engine works.
        string[]? hosts = given.HostName is null ? null : [.. given.HostName];
        string[]? tags = given.Tag is null ? null : [.. given.Tag];
        var (port, database, admin, ssl) = (given.Port, given.Database, given.AdminCredentialName, given.SslMode);
        var (connections, strategy, interval, template) = (given.MaxConnections, given.Strategy, given.RotationInterval, given.UsernameTemplate);
        var (versions, versionsFor, retain) = (given.KeepVersions, given.KeepVersionsFor, given.RetainFor);
        var (schedule, zone, jitter) = (given.Schedule, given.TimeZone, given.Jitter);
        string[]? windows = given.MaintenanceWindow is null ? null : [.. given.MaintenanceWindow];
        return credential => credential with
        {
            HostName = hosts ?? credential.HostName,
            Port = port ?? credential.Port,
            Database = database ?? credential.Database,
            AdminCredentialName = Cleared(admin, credential.AdminCredentialName),
            SslMode = ssl ?? credential.SslMode,
            CACertificate = Cleared(certificate, credential.CACertificate),
            MaxConnections = connections switch { null => credential.MaxConnections, 0 => null, var count => count },
            ConnectionTimeout = timeout ?? credential.ConnectionTimeout,
            Strategy = strategy ?? credential.Strategy,
            RotationInterval = Cleared(interval, credential.RotationInterval),
            Schedule = Cleared(schedule, credential.Schedule),
            MaintenanceWindow = windows ?? credential.MaintenanceWindow,
            TimeZone = Cleared(zone, credential.TimeZone),
            Jitter = jitter ?? credential.Jitter,
            KeepVersions = versions ?? credential.KeepVersions,
            KeepVersionsFor = Cleared(versionsFor, credential.KeepVersionsFor),
            RetainFor = Cleared(retain, credential.RetainFor),
            UsernameTemplate = Cleared(template, credential.UsernameTemplate),
            PasswordPolicy = policy ?? credential.PasswordPolicy,
            Option = option ?? credential.Option,
            Tag = tags ?? credential.Tag,
        };
    }

    /// <summary>The new value, nothing for an empty one, the old one where none was given.</summary>
    public static string? Cleared(string? given, string? old) => given switch { null => old, "" => null, _ => given };

    private static TimeSpan? Cleared(TimeSpan? given, TimeSpan? old) => given is null ? old : given > TimeSpan.Zero ? given : null;

    private static TimeSpan WholeSeconds(TimeSpan timeout) =>
        timeout >= ShortestTimeout && timeout.Ticks % TimeSpan.TicksPerSecond == 0
            ? timeout
            : throw InvalidArgument.Because($"-ConnectionTimeout {timeout.TotalSeconds:0.###} is out of range: give whole seconds, 1 or more.");
}
