using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>
/// Moves what the login of a credential owns, once, to a role that nobody logs in as and of which the login is a member, so that later rotations move
/// nothing; with -Undo, back.
/// </summary>
[Cmdlet(VerbsData.Convert, "NebulaOwnership", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, HelpUri = HelpPage.Folder + "Convert-NebulaOwnership.md")]
[OutputType(typeof(OwnershipChange))]
public sealed class ConvertNebulaOwnershipCommand : CredentialCmdlet
{
    private const string Activity = "Change owner";

    private readonly List<CredentialTarget> _targets = [];

    /// <summary>The owner role; it is made when there is none of that name. Otherwise that of the last time, or the credential's name with _owner.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Owner { get; set; }

    /// <summary>The admin login of this run, instead of the stored one.</summary>
    [Parameter]
    [VaultCredential]
    [Credential]
    public PSCredential? AdminCredential { get; set; }

    /// <summary>Move the objects back to the login, and drop the owner role when it was made for this credential.</summary>
    [Parameter]
    public SwitchParameter Undo { get; set; }

    /// <summary>Do not ask. A lease, a blocker or a hold stays what it is.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    private protected override string StopNotice => "Stopping after the object that is moving now.";

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var target in Targets.Where(target => !_targets.Contains(target)))
            _targets.Add(target);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // Every question before the first work.
        foreach (var target in _targets.Where(Agree).ToList())
            Attempt(target.Name, () => Convert(target));
    }

    private bool Agree(CredentialTarget target)
    {
        var agreed = false;
        Attempt(target.Name, () =>
        {
            var confirmation = new Confirmation(this, Force);
            var credential = Find(target);
            var place = $"{credential.Name}: {credential.DatabaseType} {credential.Endpoints}/{credential.Database}, live login '{credential.Username}'";
            var description = $"Performing the operation \"{Activity}\" on target \"{place}\".";
            if (confirmation.IsWhatIf)
                description = string.Join(Environment.NewLine, Foresee(ToRequest(target)).Prepend(description));
            var question = Undo
                ? $"Give what the owner role owns back to the login of {place}? The application goes on meanwhile."
                : $"Move what the login of {place} owns to an owner role? The application goes on meanwhile.";
            agreed = confirmation.Ask(description, question, target.Name);
        });
        return agreed;
    }

    private IEnumerable<string> Foresee(OwnershipRequest request)
    {
        var plan = Ask((service, cancellationToken) => service.PlanOwnershipAsync(request, cancellationToken));
        foreach (var warning in plan.Warnings)
            WriteWarning(warning);
        foreach (var blocker in plan.Blockers)
            WriteWarning($"The change of owner of '{plan.Credential}' would be refused: {blocker}");
        var (from, to) = Undo ? (plan.NewUsername, plan.OldUsername) : (plan.OldUsername, plan.NewUsername);
        yield return plan.Statements.Count == 0 ? $"  Nothing is left to move from '{from}' to '{to}'." : $"  What '{from}' owns goes to '{to}'. Statements:";
        foreach (var statement in plan.Statements)
            yield return statement.Database is null ? $"  {statement.Text}" : $"  [{statement.Database}] {statement.Text}";
    }

    private void Convert(CredentialTarget target)
    {
        var request = ToRequest(target);
        WriteObject(Watch(async (service, sink, stop) =>
        {
            var observer = new OwnershipObserver(sink, Activity);
            try
            {
                return await service.ConvertOwnershipAsync(request, observer, stop);
            }
            finally
            {
                observer.EndProgress();
            }
        }));
    }

    private OwnershipRequest ToRequest(CredentialTarget target) => new()
    {
        Name = target.Name,
        Scope = target.Scope,
        Owner = Owner,
        Admin = AdminCredential.ToLogin(nameof(AdminCredential)),
        Undo = Undo,
    };
}
