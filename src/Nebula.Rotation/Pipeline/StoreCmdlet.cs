using System.Management.Automation;
using Nebula.Rotation.Module.Binding;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>A cmdlet that works over a store. The engine is opened at its first use and closed with the pipeline.</summary>
public abstract class StoreCmdlet : CancellableCmdlet
{
    private IRotationService? _service;

    /// <summary>
    /// The store: a path to its file, or the address of a shared one. Without it the environment variable NEBULA_STORE counts, then the
    /// user's local data folder.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Store { get; set; }

    /// <summary>True where a missing store is made.</summary>
    private protected virtual bool CreatesStore => false;

    /// <summary>Asks the engine for something.</summary>
    private protected T Ask<T>(Func<IRotationService, CancellationToken, Task<T>> question)
    {
        var service = OpenOnce();
        return Run((_, cancellationToken) => question(service, cancellationToken));
    }

    /// <summary>Has the engine do something that gives no answer.</summary>
    private protected void Ask(Func<IRotationService, CancellationToken, Task> question)
    {
        var service = OpenOnce();
        Run((_, cancellationToken) => question(service, cancellationToken));
    }

    /// <summary>Has the engine do something that speaks while it works.</summary>
    private protected T Watch<T>(Func<IRotationService, PipelineSink, CancellationToken, Task<T>> work)
    {
        var service = OpenOnce();
        return Run((sink, cancellationToken) => work(service, sink, cancellationToken));
    }

    /// <summary>The credential as the store has it now.</summary>
    private protected DatabaseCredential Find(CredentialTarget target) => Ask(async (service, cancellationToken) =>
    {
        // The filter reads * and ? as wildcards; here they are letters.
        var found = await service.FindAsync(new CredentialFilter { Names = [target.Name], Scope = target.Scope }, cancellationToken);
        return found.FirstOrDefault(target.Names)
            ?? throw new RotationException(
                RotationErrorCode.CredentialNotFound,
                $"No credential '{target.Name}' in scope '{target.Scope}'.",
                "Get-NebulaDbCredential lists the credentials of the store.");
    });

    // A store that cannot be opened ends the command: every other input would meet it too.
    private IRotationService OpenOnce() => _service ??= Require(Store, Open);

    /// <inheritdoc/>
    private protected override void Dispose(Task workEnd)
    {
        if (_service is not { } service)
            return;
        _service = null;
        var closing = CloseAsync(service, workEnd);
        // Work that outlived the wait closes its service itself.
        if (workEnd.IsCompleted)
            closing.GetAwaiter().GetResult();
    }

    // On the thread pool: the pipeline thread may have a synchronization context of its host's.
    private static Task CloseAsync(IRotationService service, Task workEnd) => Task.Run(async () =>
    {
        await workEnd;
        await service.DisposeAsync();
    });

    private IRotationService Open()
    {
        var options = new RotationServiceOptions { Store = StorePath.Resolve(this, Store), CreateIfMissing = CreatesStore };
        return Run((_, cancellationToken) => RotationServices.OpenAsync(options, cancellationToken));
    }
}
