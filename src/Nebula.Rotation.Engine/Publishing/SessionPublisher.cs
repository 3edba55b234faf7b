namespace Nebula.Rotation.Engine.Publishing;

/// <summary>
/// Targets that need PowerShell: a script file, a vault of SecretManagement. The engine has none and starts none: they run in the caller's session, on its
/// pipeline thread, through the observer, as the -Publish script does. So they have the session's modules, profile and unlocked vaults, a stop by the
/// user ends them, and no second PowerShell has to be found, started and trusted. A caller without a session is told so in Prepare.
/// </summary>
internal sealed class SessionPublisher : IPublisher
{
    /// <summary>The vault of a SecretVault target; without it the default vault.</summary>
    public const string Vault = "Vault";

    /// <summary>False for a vault that takes no metadata.</summary>
    public const string Metadata = "Metadata";

    public void Validate(PublishTarget target, DatabaseCredential credential)
    {
        if (target.Kind == PublishTargetKind.ScriptFile)
        {
            if (target.Path is null || !Path.IsPathFullyQualified(target.Path) || !target.Path.EndsWith(".ps1", StringComparison.OrdinalIgnoreCase))
                throw TargetFailure.Invalid(target, "it needs the full path of a .ps1 file.", "Give it with -Path.");
            TargetOptions.Allow(target);
            return;
        }

        if (target.Entries.Count == 0)
            throw TargetFailure.Invalid(target, "it names no secret.", "Give its name with -Entry.");
        TargetOptions.Allow(target, Vault, Metadata);
        if (TargetOptions.Find(target, Metadata) is { } metadata && !bool.TryParse(metadata, out _))
            throw TargetFailure.Invalid(target, $"'{metadata}' is no {Metadata}.", "Give true or false.");
    }

    public Task<TargetCheck> CheckAsync(TargetContext context, CancellationToken cancellationToken)
    {
        if (context.Observer is { } observer && !observer.PublishesTo(context.Target.Kind))
            throw NobodyRuns(context);
        return context.Target.Path is { } path && TargetProgram.WhyNot(path, mustBeExecutable: false) is { } reason ? throw reason : Task.FromResult(TargetCheck.Fine);
    }

    public Task<string?> PrepareAsync(TargetContext context, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public async Task PublishAsync(TargetContext context, string? prepared, CancellationToken cancellationToken) => await RunAsync(context, cancellationToken);

    public Task<string?> RollBackAsync(TargetContext context, string? prepared, CancellationToken cancellationToken) => RunAsync(context, cancellationToken);

    public Task ForgetPreviousAsync(TargetContext context, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<bool?> HoldsAsync(TargetContext context, CancellationToken cancellationToken) => Task.FromResult<bool?>(null);

    private static async Task<string?> RunAsync(TargetContext context, CancellationToken cancellationToken)
    {
        if (context.Observer is not { } observer || !observer.PublishesTo(context.Target.Kind))
            throw NobodyRuns(context);
        try
        {
            return await observer.PublishToAsync(context.Target, context.ToPublishContext(), cancellationToken);
        }
        catch (Exception exception) when (exception is not (RotationException or OperationCanceledException))
        {
            // A script's own words may repeat what it was given; its exception is left behind for the same reason.
            throw TargetFailure.Because(Workflow.Redaction.Apply(exception.Message, [context.Login.Password, .. context.Previous is { } previous ? [previous.Password] : Array.Empty<Secret>()]));
        }
    }

    private static RotationException NobodyRuns(TargetContext context) =>
        TargetFailure.Because($"{context.Target} runs in a PowerShell session, and this caller has none.", "Use the cmdlets of the module.");
}
