using System.Management.Automation;
using Nebula.Rotation.Module.Completion;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>A cmdlet that goes on with a rotation of the history, by credential or by the rotation's id.</summary>
/// <remarks>
/// The default set is the one by id. A record that is piped has its scope, too, and binding by property name looks into the default set first, and into no
/// other once something there was bound: were it the one by name, the scope would choose it.
/// </remarks>
public abstract class RecordedRotationCmdlet : RotationCmdlet
{
    private protected const string ById = "RotationId";

    /// <summary>The credential's name, letter by letter: a wildcard is none here.</summary>
    /// <remarks>Without the alias of other cmdlets: what a record names is its rotation, not whichever is the newest of its credential.</remarks>
    [Parameter(ParameterSetName = ByName, Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public override string[] Name { get; set; } = [];

    /// <summary>The rotation, as a stage result or Get-NebulaRotation shows it.</summary>
    [Parameter(ParameterSetName = ById, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(RotationIdCompleter))]
    public Guid[] RotationId { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName != ById)
        {
            base.ProcessRecord();
            return;
        }

        foreach (var id in RotationId)
            Attempt(id.ToString(), () => Add(FindRotation(id)));
    }

    private CredentialTarget FindRotation(Guid id) => Ask(async (service, cancellationToken) =>
    {
        var records = await service.GetRotationsAsync(new RotationFilter { RotationId = id }, cancellationToken);
        var record = records.Count > 0 ? records[0] : throw new RotationException(
            RotationErrorCode.RotationNotFound, $"No rotation {id}.", "Get-NebulaRotation lists the rotations of the store.");
        return await FindTargetAsync(service, record, cancellationToken);
    });

    /// <summary>The credential of a record, found by its permanent id: the name may have changed hands since.</summary>
    private protected static async Task<CredentialTarget> FindTargetAsync(
        IRotationService service, RotationRecord record, CancellationToken cancellationToken)
    {
        var credentials = await service.FindAsync(new CredentialFilter(), cancellationToken);
        var credential = credentials.FirstOrDefault(c => c.Id == record.CredentialId) ?? throw new RotationException(
            RotationErrorCode.CredentialNotFound,
            $"The credential '{record.Credential}' of rotation {record.RotationId} is no longer in the store.",
            "Get-NebulaDbCredential lists the credentials of the store.");
        return new CredentialTarget(credential.Name, credential.Scope) { RotationId = record.RotationId };
    }
}
