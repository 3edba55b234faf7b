using System.Collections;
using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Stores a credential that an application uses, after its login has logged in. The store is made when there is none.</summary>
[Cmdlet(VerbsCommon.New, "NebulaDbCredential", DefaultParameterSetName = OwnAdmin, SupportsShouldProcess = true)]
[OutputType(typeof(DatabaseCredential))]
public sealed class NewNebulaDbCredentialCommand : StoreCmdlet, ICredentialSettings
{
    private const string OwnAdmin = "AdminCredential";
    private const string SharedAdmin = "AdminCredentialName";

    /// <summary>The name; new user names are made of it by default.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <summary>The scope; names are unique in it, and it has its own data key.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Scope { get; set; } = DatabaseCredential.DefaultScope;

    /// <summary>The kind of server.</summary>
    [Parameter(Mandatory = true)]
    public DatabaseType DatabaseType { get; set; }

    /// <summary>Host names, addresses or socket folders of the endpoints, each alone or with a port of its own: db1, db2:5433, [::1]:5433.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string[]? HostName { get; set; }

    /// <summary>The TCP port; the server's registered one by default.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    public int? Port { get; set; }

    /// <summary>The database the application connects to.</summary>
    [Parameter]
    public string? Database { get; set; }

    /// <summary>The login that is live now.</summary>
    [Parameter(Mandatory = true)]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>An admin login to keep with it; without one it is given at each rotation.</summary>
    [Parameter(ParameterSetName = OwnAdmin)]
    [Credential]
    public PSCredential? AdminCredential { get; set; }

    /// <summary>The name of another credential of the same scope that serves as admin.</summary>
    [Parameter(ParameterSetName = SharedAdmin, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string? AdminCredentialName { get; set; }

    /// <summary>How connections are protected.</summary>
    [Parameter]
    public SslMode? SslMode { get; set; }

    /// <summary>A PEM file with the authorities to trust.</summary>
    [Parameter]
    public string? CACertificate { get; set; }

    /// <summary>The most connections the application's pools open together.</summary>
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

    /// <summary>How often the credential is due: 30d, 24h, a number of seconds, a TimeSpan.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? RotationInterval { get; set; }

    /// <summary>When the credential is due, as a cron expression: '0 3 * * Sun'. Instead of an interval.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Schedule { get; set; }

    /// <summary>When a rotation that is due may begin: 'Sat,Sun 01:00-05:00', 'Mon-Fri 23:00-02:00', '* 02:00-04:00'.</summary>
    [Parameter]
    [AllowEmptyCollection]
    public string[]? MaintenanceWindow { get; set; }

    /// <summary>The time zone of -Schedule and -MaintenanceWindow, such as Europe/Zurich; UTC when not given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TimeZone { get; set; }

    /// <summary>How much later than its time the credential may be due, each time by the same share, so that not all are at once: 30m, 2h; 7 days at most.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? Jitter { get; set; }

    /// <summary>How many earlier logins keep their password in the store after they were retired, for an undo; 1 when not given.</summary>
    [Parameter]
    [ValidateRange(0, 1000)]
    public int? KeepVersions { get; set; }

    /// <summary>How long they keep it after they were retired: 30d, 24h.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? KeepVersionsFor { get; set; }

    /// <summary>How long a rotation keeps the old login, disabled, when its own -RetainFor does not say.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? RetainFor { get; set; }

    /// <summary>The template of new user names.</summary>
    [Parameter]
    public string? UsernameTemplate { get; set; }

    /// <summary>What new passwords are made of, such as @{ Length = 48; Symbols = '-_.~' }.</summary>
    [Parameter]
    [PasswordPolicy]
    public PasswordPolicy? PasswordPolicy { get; set; }

    /// <summary>Options of the engine, by name.</summary>
    [Parameter]
    public Hashtable? Option { get; set; }

    /// <summary>Free words to select credentials by.</summary>
    [Parameter]
    public string[]? Tag { get; set; }

    /// <summary>Store it without logging in first.</summary>
    [Parameter]
    public SwitchParameter SkipCheck { get; set; }

    /// <inheritdoc/>
    private protected override bool CreatesStore => true;

    /// <inheritdoc/>
    protected override void EndProcessing() => Attempt(Name, Add);

    private void Add()
    {
        var login = Credential.ToLogin(nameof(Credential))!;
        var bare = new DatabaseCredential
        {
            Name = Name,
            Scope = Scope,
            DatabaseType = DatabaseType,
            HostName = HostName!,
            Port = Port ?? DatabaseDefaults.Port(DatabaseType),
            Database = Database ?? DatabaseDefaults.Database(DatabaseType),
            Username = login.Username,
            Strategy = DatabaseDefaults.Strategy(DatabaseType, login.Username),
            AdminUsername = AdminCredential?.UserName,
        };
        var request = new NewCredential
        {
            Credential = CredentialSettings.Read(this, this)(bare),
            Login = login,
            Admin = AdminCredential.ToLogin(nameof(AdminCredential)),
            SkipCheck = SkipCheck,
        };
        if (ShouldProcess(Name, "Store credential"))
            WriteObject(Ask((service, cancellationToken) => service.AddAsync(request, cancellationToken)));
    }
}
