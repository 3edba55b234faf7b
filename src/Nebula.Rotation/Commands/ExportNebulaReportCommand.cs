using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Files;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>
/// Writes one HTML page about credentials: their ages, the last rotations, failures, old logins that are still held, permission proofs and the audit trail. It
/// needs nothing but a browser, and holds no password. Reads the store only.
/// </summary>
[Cmdlet(VerbsData.Export, "NebulaReport", SupportsShouldProcess = true, HelpUri = HelpPage.Folder + "Export-NebulaReport.md")]
[OutputType(typeof(FileInfo))]
public sealed class ExportNebulaReportCommand : StoreCmdlet
{
    private readonly Dictionary<Guid, DatabaseCredential> _credentials = [];

    /// <summary>The file to write; what is there is replaced in one step.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [Alias("LiteralPath")]
    public string Path { get; set; } = "";

    /// <summary>Names of credentials; wildcards are allowed. All by default.</summary>
    [Parameter(Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [Alias("CredentialName")]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>The scope of the credentials; all by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScopeCompleter))]
    public string? Scope { get; set; }

    /// <summary>Only credentials that have all of these tags.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TagCompleter))]
    public string[] Tag { get; set; } = [];

    /// <summary>
    /// How far back rotations and failures are shown: a number of rotations, or a time such as 30d; the newest 50 by default. What is not finished is shown however
    /// old it is.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    [History]
    public HistoryLimit Last { get; set; } = new() { Count = 50 };

    /// <summary>The heading of the page.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Title { get; set; }

    /// <summary>Replaces a file that is read-only, too.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Replaces no file.</summary>
    [Parameter]
    [Alias("NoOverwrite")]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Gives the file that was written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    // Each name is looked for as it comes; one that is not there ends the command, since whoever is sent the page does not see its errors.
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Name)
        {
            foreach (var credential in Require(name, () => Find(new NamePattern(name))))
                _credentials.TryAdd(credential.Id, credential);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => Attempt(Path, () =>
    {
        var target = new ReportFile(StorePath.ResolveFile(this, Path, nameof(Path)), Force, NoClobber);
        target.Require();
        if (!ShouldProcess(target.FullName, $"Write a report about {_credentials.Count} credential{(_credentials.Count == 1 ? "" : "s")}"))
            return;
        var request = new ReportRequest { Credentials = [.. _credentials.Values], History = Last, Title = Title };
        var report = Ask((service, cancellationToken) => service.RenderReportAsync(request, cancellationToken));
        target.Write(report.Html);
        WriteVerbose($"'{target.FullName}': {report.Credentials} credentials, {report.Overdue} overdue, {report.Open} rotations not finished, {report.Failures} failures not made good.");
        if (PassThru)
            WriteObject(new FileInfo(target.FullName));
    });

    private List<DatabaseCredential> Find(NamePattern pattern)
    {
        var filter = new CredentialFilter { Names = pattern.ForFilter, Scope = Scope, Tags = Tag };
        var found = Ask((service, cancellationToken) => service.FindAsync(filter, cancellationToken)).Where(credential => pattern.Matches(credential.Name)).ToList();
        return found.Count > 0 || pattern.HasWildcards || Tag.Length > 0 ? found : throw new RotationException(
            RotationErrorCode.CredentialNotFound,
            Scope is null ? $"No credential '{pattern}'." : $"No credential '{pattern}' in scope '{Scope}'.",
            "Nothing was written. Get-NebulaDbCredential lists the credentials of the store.");
    }
}
