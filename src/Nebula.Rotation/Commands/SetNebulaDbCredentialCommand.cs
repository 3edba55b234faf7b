using System.Collections;
using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Errors;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Changes what the store knows of a credential. The database is not touched. An empty text and a zero clear a setting.</summary>
[Cmdlet(VerbsCommon.Set, "NebulaDbCredential", DefaultParameterSetName = ByName, SupportsShouldProcess = true, HelpUri = HelpPage.Folder + "Set-NebulaDbCredential.md")]
[OutputType(typeof(DatabaseCredential))]
public sealed class SetNebulaDbCredentialCommand : CredentialCmdlet, ICredentialSettings
{
    private static readonly HashSet<string> NoChange = new(StringComparer.OrdinalIgnoreCase)
    {
        nameof(Name), nameof(Scope), nameof(InputObject), nameof(Store), nameof(PassThru),
    };

    /// <summary>Host names, addresses or socket folders of the endpoints, each alone or with a port of its own: db1, db2:5433, [::1]:5433.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? HostName { get; set; }

    /// <summary>The TCP port.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    public int? Port { get; set; }

    /// <summary>The database the application connects to.</summary>
    [Parameter]
    public string? Database { get; set; }

    /// <summary>The login whose password was changed by hand; it must log in.</summary>
    [Parameter]
    [VaultCredential]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>An admin login to keep.</summary>
    [Parameter]
    [VaultCredential]
    [Credential]
    public PSCredential? AdminCredential { get; set; }

    /// <summary>The name of another credential of the same scope that serves as admin; an empty text for none.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public string? AdminCredentialName { get; set; }

    /// <summary>How connections are protected.</summary>
    [Parameter]
    public SslMode? SslMode { get; set; }

    /// <summary>A PEM file with the authorities to trust; an empty text for the system's.</summary>
    [Parameter]
    public string? CACertificate { get; set; }

    /// <summary>The most connections the application's pools open together; 0 for unknown.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? MaxConnections { get; set; }

    /// <summary>How long connecting may take, in seconds.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? ConnectionTimeout { get; set; }

    /// <summary>How the second login comes to be.</summary>
    [Parameter]
    public RotationStrategy? Strategy { get; set; }

    /// <summary>How often the credential is due: 30d, 24h, a number of seconds, a TimeSpan; 0 for only on demand.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? RotationInterval { get; set; }

    /// <summary>When the credential is due, as a cron expression: '0 3 * * Sun'; an empty text for none. Instead of an interval.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? Schedule { get; set; }

    /// <summary>When a rotation that is due may begin: 'Sat,Sun 01:00-05:00', 'Mon-Fri 23:00-02:00', '* 02:00-04:00'; an empty list for always.</summary>
    [Parameter]
    [AllowEmptyCollection]
    public string[]? MaintenanceWindow { get; set; }

    /// <summary>The time zone of -Schedule and -MaintenanceWindow, such as Europe/Zurich; an empty text for UTC.</summary>
    [Parameter]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(TimeZoneCompleter))]
    public string? TimeZone { get; set; }

    /// <summary>How much later than its time the credential may be due, each time by the same share, so that not all are at once: 30m, 2h; 7 days at most.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? Jitter { get; set; }

    /// <summary>How many earlier logins keep their password in the store after they were retired, for an undo; 1 when not given.</summary>
    [Parameter]
    [ValidateRange(0, 1000)]
    public int? KeepVersions { get; set; }

    /// <summary>How long they keep it after they were retired: 30d, 24h; 0 for as long as -KeepVersions says.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? KeepVersionsFor { get; set; }

    /// <summary>How long a rotation keeps the old login, disabled, when its own -RetainFor does not say; 0 to retire it at once.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? RetainFor { get; set; }

    /// <summary>The template of new user names; an empty text for the default.</summary>
    [Parameter]
    public string? UsernameTemplate { get; set; }

    /// <summary>What new passwords are made of, such as @{ Length = 48; Symbols = '-_.~' }.</summary>
    [Parameter]
    [PasswordPolicy]
    public PasswordPolicy? PasswordPolicy { get; set; }

    /// <summary>Options of the engine, by name; they take the place of all earlier ones.</summary>
    [Parameter]
    public Hashtable? Option { get; set; }

    /// <summary>Free words to select credentials by; they take the place of all earlier ones.</summary>
    [Parameter]
    [AllowEmptyCollection]
    [ArgumentCompleter(typeof(TagCompleter))]
    public string[]? Tag { get; set; }

    /// <summary>Why rotation is refused from now on; an empty text lifts the hold.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? Hold { get; set; }

    /// <summary>Give the changed credential.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var target in Targets)
            Attempt(target.Name, () => Change(target));
    }

    private void Change(CredentialTarget target)
    {
        if (AdminCredential is not null && !string.IsNullOrEmpty(AdminCredentialName))
            throw InvalidArgument.Because("-AdminCredential and -AdminCredentialName exclude each other.");
        var settings = CredentialSettings.Read(this, this);
        var hold = Hold;
        var change = new CredentialChange
        {
            Apply = credential => settings(credential) with { HoldReason = CredentialSettings.Cleared(hold, credential.HoldReason) },
            Admin = AdminCredential.ToLogin(nameof(AdminCredential)),
            Login = Credential.ToLogin(nameof(Credential)),
        };
        if (!ShouldProcess(target.Name, $"Change {string.Join(", ", Changed)}"))
            return;
        var changed = Ask((service, cancellationToken) => service.ChangeAsync(target.Name, target.Scope, change, cancellationToken));
        if (PassThru)
            WriteObject(changed);
    }

    // The names of the parameters, never their values.
    private IEnumerable<string> Changed =>
        MyInvocation.BoundParameters.Keys
            .Where(name => !NoChange.Contains(name) && !CommonParameters.Contains(name) && !OptionalCommonParameters.Contains(name))
            .Order(StringComparer.Ordinal);
}
