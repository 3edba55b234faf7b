using System.Collections;
using System.Collections.Specialized;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Errors;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>
/// Adds a place that must carry the login of a credential, after those that it has. Nothing is written there now: the next rotation does, before the store
/// names the new login.
/// </summary>
[Cmdlet(VerbsCommon.Add, "NebulaPublishTarget", DefaultParameterSetName = ByName, SupportsShouldProcess = true, HelpUri = HelpPage.Folder + "Add-NebulaPublishTarget.md")]
[OutputType(typeof(PublishTarget))]
public sealed class AddNebulaPublishTargetCommand : CredentialCmdlet
{
    /// <summary>What it is.</summary>
    [Parameter(Mandatory = true)]
    public PublishTargetKind Kind { get; set; }

    /// <summary>The file, script or program. A PgPass and a MyCnf target take the user's own file by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>
    /// What is written where: a name (a variable, a key path such as ConnectionStrings:Default, a secret's name) that holds what -Format says, or a table of
    /// names and what each holds, such as @{ DB_USER = 'Username'; DB_PASS = 'Password' }.
    /// </summary>
    [Parameter]
    [Entries]
    public IDictionary? Entry { get; set; }

    /// <summary>What an -Entry holds that is a name alone; a URI by default, a PSCredential in a vault.</summary>
    [Parameter]
    public PublishFormat? Format { get; set; }

    /// <summary>The arguments of a command.</summary>
    [Parameter]
    [AllowEmptyString]
    public string[] Argument { get; set; } = [];

    /// <summary>How long a command may take, from one second to ten minutes; 30 seconds by default.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? Timeout { get; set; }

    /// <summary>The section of an option file; client by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Section { get; set; }

    /// <summary>The vault of SecretManagement; its default vault otherwise.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Vault { get; set; }

    /// <summary>The program that makes PgBouncer read its list again, and its arguments: systemctl, reload, pgbouncer.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] ReloadCommand { get; set; } = [];

    /// <summary>The name of a credential of the same scope whose login may use PgBouncer's console.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public string? ConsoleCredentialName { get; set; }

    /// <summary>More settings of the kind by name, such as @{ Host = '10.0.0.5'; Port = 6432 } of a PgBouncer. Never a secret.</summary>
    [Parameter]
    public Hashtable? Option { get; set; }

    /// <summary>Store it even if it cannot be written here and now.</summary>
    [Parameter]
    public SwitchParameter SkipCheck { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var target in Targets)
            Attempt(target.Name, () => Add(target));
    }

    private void Add(CredentialTarget credential)
    {
        var added = Read();
        if (!ShouldProcess($"{credential.Name}: {added}", "Add publish target"))
            return;
        var change = new CredentialChange
        {
            Apply = before => before with { PublishTargets = [.. before.PublishTargets, added with { Credential = before.Name, Scope = before.Scope }] },
            SkipTargetCheck = SkipCheck,
        };
        var changed = Ask((service, cancellationToken) => service.ChangeAsync(credential.Name, credential.Scope, change, cancellationToken));
        WriteObject(changed.PublishTargets.First(target => target.Id == added.Id));
    }

    private PublishTarget Read()
    {
        var options = Option is null ? new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) : new(Options.ToOptions(Option), StringComparer.OrdinalIgnoreCase);
        Set(options, "Section", Section, PublishTargetKind.MyCnf);
        Set(options, "Vault", Vault, PublishTargetKind.SecretVault);
        Set(options, "ConsoleCredential", ConsoleCredentialName, PublishTargetKind.PgBouncerUserList, nameof(ConsoleCredentialName));
        Set(options, "Timeout", Timeout is { } time ? Math.Ceiling(time.TotalSeconds).ToString(CultureInfo.InvariantCulture) : null, PublishTargetKind.Command);
        Require(PublishTargetKind.Command, nameof(Argument), Argument.Length > 0);
        Require(PublishTargetKind.PgBouncerUserList, nameof(ReloadCommand), ReloadCommand.Length > 0);
        var path = Path is { } given ? Kind == PublishTargetKind.Command ? ProgramPath.Resolve(this, given, nameof(Path)) : StorePath.ResolveFile(this, given, nameof(Path)) : DefaultPath();
        if (Kind == PublishTargetKind.ScriptFile && path is not null)
            CheckScript(path);
        return new PublishTarget
        {
            Id = Guid.NewGuid(),
            Kind = Kind,
            Path = path,
            Entries = ReadEntries(),
            Arguments = ReloadCommand.Length > 0 ? [ProgramPath.Resolve(this, ReloadCommand[0], nameof(ReloadCommand)), .. ReloadCommand[1..]] : [.. Argument],
            Options = options,
        };
    }

    private Dictionary<string, PublishFormat> ReadEntries()
    {
        var otherwise = Format ?? (Kind == PublishTargetKind.SecretVault ? PublishFormat.Credential : PublishFormat.Uri);
        var entries = new Dictionary<string, PublishFormat>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Entry ?? new OrderedDictionary())
            entries.Add((string)entry.Key, entry.Value is PublishFormat format ? format : otherwise);
        return Format is null || entries.Count > 0 ? entries : throw InvalidArgument.Because("-Format says what an -Entry holds, and there is none.", "Give its name with -Entry.");
    }

    private string? DefaultPath()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Kind switch
        {
            // Where libpq looks (manual, "The Password File").
            PublishTargetKind.PgPass when OperatingSystem.IsWindows() =>
                System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "postgresql", "pgpass.conf"),
            PublishTargetKind.PgPass => System.IO.Path.Combine(home, ".pgpass"),
            PublishTargetKind.MyCnf when !OperatingSystem.IsWindows() => System.IO.Path.Combine(home, ".my.cnf"),
            _ => null,
        };
    }

    private void Set(Dictionary<string, string> options, string name, string? value, PublishTargetKind kind, string? parameter = null)
    {
        Require(kind, parameter ?? name, value is not null);
        if (value is not null)
            options[name] = value;
    }

    private void Require(PublishTargetKind kind, string parameter, bool isGiven)
    {
        if (isGiven && Kind != kind)
            throw InvalidArgument.Because($"-{parameter} is for targets of the kind {kind} only.");
    }

    /// <summary>What a first rotation would find out half-way.</summary>
    private static void CheckScript(string path)
    {
        if (!File.Exists(path))
            return;
        var script = Parser.ParseFile(path, out _, out var errors);
        if (errors.Length > 0)
            throw InvalidArgument.Because($"'{path}' cannot be parsed: line {errors[0].Extent.StartLineNumber}: {errors[0].Message}");
        var parameters = script.ParamBlock?.Parameters.Select(parameter => parameter.Name.VariablePath.UserPath).ToHashSet(StringComparer.OrdinalIgnoreCase) ?? [];
        if (!parameters.Contains("Action") || !parameters.Contains("Publication"))
            throw InvalidArgument.Because($"'{path}' has no parameters -Action and -Publication.", "Begin it with: param([string] $Action, $Publication). The action is Publish or Rollback.");
    }
}
