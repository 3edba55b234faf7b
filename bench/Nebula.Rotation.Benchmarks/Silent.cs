namespace Nebula.Rotation.Benchmarks;

/// <summary>Watches nothing.</summary>
internal sealed class Silent : IRotationObserver, IFleetObserver
{
    public bool Publishes => false;

    public void OnStage(StageResult result)
    {
    }

    public void OnProgress(RotationProgress progress)
    {
    }

    public void OnMessage(RotationMessageKind kind, string message)
    {
    }

    public Task PublishAsync(PublishContext context, CancellationToken cancellationToken) => Task.CompletedTask;

    public IRotationObserver OnBegin(FleetMember member) => this;

    public Task<bool> OnEndAsync(FleetResult result, Exception? exception) =>
        exception is null ? Task.FromResult(true) : throw new InvalidOperationException($"{result.Credential}: {result.Message}", exception);
}
