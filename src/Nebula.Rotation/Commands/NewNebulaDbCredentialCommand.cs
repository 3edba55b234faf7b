using System.Collections;
using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Errors;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>
/// Stores a credential that an application uses, after its login has logged in. The store is made when there is none. Rows of a table, such as those of
/// Import-Csv, store one each; their passwords come from environment variables that the rows name, never from the table.
/// </summary>
[Cmdlet(VerbsCommon.New, "NebulaDbCredential", DefaultParameterSetName = OwnAdmin, SupportsShouldProcess = true, HelpUri = HelpPage.Folder + "New-NebulaDbCredential.md")]
[OutputType(typeof(DatabaseCredential))]
public sealed class NewNebulaDbCredentialCommand : StoreCmdlet, ICredentialSettings
{
    private const string OwnAdmin = "AdminCredential";
    private const string SharedAdmin = "AdminCredentialName";
    private const string Row = "Row";

    /// <summary>The name; new user names are made of it by default.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <summary>The scope; names are unique in it, and it has its own data key.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScopeCompleter))]
    public string Scope { get; set; } = DatabaseCredential.DefaultScope;

    /// <summary>The kind of server.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true)]
    public DatabaseType DatabaseType { get; set; }

    /// <summary>Host names, addresses or socket folders of the endpoints, each alone or with a port of its own: db1, db2:5433, [::1]:5433.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[]? HostName { get; set; }

    /// <summary>The TCP port; the server's registered one by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, 65535)]
    public int? Port { get; set; }

    /// <summary>The database the application connects to.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Database { get; set; }

    /// <summary>The login that is live now.</summary>
    [Parameter(ParameterSetName = OwnAdmin, Mandatory = true)]
    [Parameter(ParameterSetName = SharedAdmin, Mandatory = true)]
    [VaultCredential]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>The user name of the login that is live now, for a row of a table.</summary>
    [Parameter(ParameterSetName = Row, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Username { get; set; }

    /// <summary>The environment variable that has its password.</summary>
    [Parameter(ParameterSetName = Row, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? CredentialVariable { get; set; }

    /// <summary>An admin login to keep with it; without one it is given at each rotation.</summary>
    [Parameter(ParameterSetName = OwnAdmin)]
    [Parameter(ParameterSetName = Row)]
    [VaultCredential]
    [Credential]
    public PSCredential? AdminCredential { get; set; }

    /// <summary>The name of another credential of the same scope that serves as admin.</summary>
    [Parameter(ParameterSetName = SharedAdmin, Mandatory = true)]
    [Parameter(ParameterSetName = Row, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public string? AdminCredentialName { get; set; }

    /// <summary>How connections are protected.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public SslMode? SslMode { get; set; }

    /// <summary>A PEM file with the authorities to trust.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? CACertificate { get; set; }

    /// <summary>The most connections the application's pools open together.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(0, int.MaxValue)]
    public int? MaxConnections { get; set; }

    /// <summary>How long connecting may take, in seconds.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Duration]
    public TimeSpan? ConnectionTimeout { get; set; }

    /// <summary>How the second login comes to be.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public RotationStrategy? Strategy { get; set; }

    /// <summary>How often the credential is due: 30d, 24h, a number of seconds, a TimeSpan.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Duration]
    public TimeSpan? RotationInterval { get; set; }

    /// <summary>When the credential is due, as a cron expression: '0 3 * * Sun'. Instead of an interval.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Schedule { get; set; }

    /// <summary>When a rotation that is due may begin: 'Sat,Sun 01:00-05:00', 'Mon-Fri 23:00-02:00', '* 02:00-04:00'.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyCollection]
    public string[]? MaintenanceWindow { get; set; }

    /// <summary>The time zone of -Schedule and -MaintenanceWindow, such as Europe/Zurich; UTC when not given.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TimeZoneCompleter))]
    public string? TimeZone { get; set; }

    /// <summary>How much later than its time the credential may be due, each time by the same share, so that not all are at once: 30m, 2h; 7 days at most.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Duration]
    public TimeSpan? Jitter { get; set; }

    /// <summary>How many earlier logins keep their password in the store after they were retired, for an undo; 1 when not given.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(0, 1000)]
    public int? KeepVersions { get; set; }

    /// <summary>How long they keep it after they were retired: 30d, 24h.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Duration]
    public TimeSpan? KeepVersionsFor { get; set; }

    /// <summary>How long a rotation keeps the old login, disabled, when its own -RetainFor does not say.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Duration]
    public TimeSpan? RetainFor { get; set; }

    /// <summary>The template of new user names.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? UsernameTemplate { get; set; }

    /// <summary>What new passwords are made of, such as @{ Length = 48; Symbols = '-_.~' }.</summary>
    [Parameter]
    [PasswordPolicy]
    public PasswordPolicy? PasswordPolicy { get; set; }

    /// <summary>Options of the engine, by name.</summary>
    [Parameter]
    public Hashtable? Option { get; set; }

    /// <summary>Free words to select credentials by.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(TagCompleter))]
    public string[]? Tag { get; set; }

    /// <summary>Store it without logging in first.</summary>
    [Parameter]
    public SwitchParameter SkipCheck { get; set; }

    /// <summary>
    /// Leave a credential of that name as it is, and give it. A table that was imported before can be imported again: what its rows say of logins is older than
    /// what the store has, so no login is written twice.
    /// </summary>
    [Parameter]
    public SwitchParameter SkipExisting { get; set; }

    /// <summary>Give a credential of that name the settings that are given here; its logins stay.</summary>
    [Parameter]
    public SwitchParameter Update { get; set; }

    /// <inheritdoc/>
    private protected override bool CreatesStore => true;

    /// <inheritdoc/>
    protected override void ProcessRecord() => Attempt(Name, StoreRow);

    private void StoreRow()
    {
        if (SkipExisting && Update)
            throw InvalidArgument.Because("-SkipExisting and -Update exclude each other.");
        var settings = CredentialSettings.Read(this, this);
        if ((SkipExisting || Update) && Find() is { } existing)
            Keep(existing, settings);
        else
            Add(settings);
    }

    private DatabaseCredential? Find()
    {
        var pattern = new NamePattern(WildcardPattern.Escape(Name));
        var filter = new CredentialFilter { Names = pattern.ForFilter, Scope = Scope };
        return Ask((service, cancellationToken) => service.FindAsync(filter, cancellationToken)).FirstOrDefault(found => pattern.Matches(found.Name));
    }

    private void Keep(DatabaseCredential existing, Func<DatabaseCredential, DatabaseCredential> settings)
    {
        if (!Update || !ShouldProcess(Name, "Change credential"))
        {
            WriteObject(existing);
            return;
        }

        var change = new CredentialChange { Apply = settings };
        WriteObject(Ask((service, cancellationToken) => service.ChangeAsync(existing.Name, existing.Scope, change, cancellationToken)));
    }

    private void Add(Func<DatabaseCredential, DatabaseCredential> settings)
    {
        var login = Credential.ToLogin(nameof(Credential)) ?? ReadLogin();
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
            Credential = settings(bare),
            Login = login,
            Admin = AdminCredential.ToLogin(nameof(AdminCredential)),
            SkipCheck = SkipCheck,
        };
        if (ShouldProcess(Name, "Store credential"))
            WriteObject(Ask((service, cancellationToken) => service.AddAsync(request, cancellationToken)));
    }

    /// <summary>The variable stays: several rows may name it, and it is the caller's.</summary>
    private Login ReadLogin() => Environment.GetEnvironmentVariable(CredentialVariable!) is { Length: > 0 } password
        ? new Login(Username!, new Secret(password))
        : throw InvalidArgument.Because($"The environment variable '{CredentialVariable}', which has the password of '{Username}', is not set.");
}
