using System.Management.Automation;
using System.Text.Json;
using System.Text.Json.Serialization;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Gives the entries of the store's audit trail in their order: who did what and when, and what came of it.</summary>
[Cmdlet(VerbsCommon.Get, "NebulaAuditEvent", HelpUri = HelpPage.Folder + "Get-NebulaAuditEvent.md")]
[OutputType(typeof(AuditEvent), typeof(string))]
public sealed class GetNebulaAuditEventCommand : StoreCmdlet
{
    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() } };

    /// <summary>The credential's name; entries of a removed one are given, too. All by default.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [Alias("CredentialName")]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public string? Name { get; set; }

    /// <summary>The scope of the credentials; all by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScopeCompleter))]
    public string? Scope { get; set; }

    /// <summary>Only the entries of a rotation.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(RotationIdCompleter))]
    public Guid? RotationId { get; set; }

    /// <summary>Only these actions.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public AuditAction[] Action { get; set; } = [];

    /// <summary>Only entries that are not older.</summary>
    [Parameter]
    public DateTime? After { get; set; }

    /// <summary>Only entries that are not newer.</summary>
    [Parameter]
    public DateTime? Before { get; set; }

    /// <summary>Only the newest so many.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? Last { get; set; }

    /// <summary>Each entry as one line of JSON, for a file that a log collector reads.</summary>
    [Parameter]
    public SwitchParameter AsJsonLine { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Attempt(Name ?? "audit trail", () =>
    {
        var filter = new AuditFilter { Name = Name, Scope = Scope, RotationId = RotationId, Actions = Action, After = Utc(After), Before = Utc(Before), Last = Last };
        var events = Ask((service, cancellationToken) => service.GetAuditAsync(filter, cancellationToken));
        if (AsJsonLine)
            WriteObject(events.Select(entry => JsonSerializer.Serialize(entry, Json)), enumerateCollection: true);
        else
            WriteObject(events, enumerateCollection: true);
    });

    /// <summary>A time without a zone is the user's own, as everywhere in PowerShell.</summary>
    private static DateTimeOffset? Utc(DateTime? time) => time is { } value ? new DateTimeOffset(value).ToUniversalTime() : null;
}
