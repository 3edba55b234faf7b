using Nebula.Rotation.Engine.Publishing;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>A publisher that calls <paramref name="touch"/> before and after each write: where a process can die.</summary>
internal sealed class TouchedPublisher(IPublisher publisher, Action<string> touch) : IPublisher
{
    /// <summary>Those that ship, touched.</summary>
    public static PublisherRegistry All(Action<string> touch) => new(Enum.GetValues<PublishTargetKind>().ToDictionary(
        kind => kind, IPublisher (kind) => new TouchedPublisher(PublisherRegistry.Default.Get(kind), touch)));

    public void Validate(PublishTarget target, DatabaseCredential credential) => publisher.Validate(target, credential);

    public Task<TargetCheck> CheckAsync(TargetContext context, CancellationToken cancellationToken) => publisher.CheckAsync(context, cancellationToken);

    public Task<string?> PrepareAsync(TargetContext context, CancellationToken cancellationToken) => publisher.PrepareAsync(context, cancellationToken);

    public async Task PublishAsync(TargetContext context, string? prepared, CancellationToken cancellationToken)
    {
        touch("before target");
        await publisher.PublishAsync(context, prepared, cancellationToken);
        touch("after target");
    }

    public async Task<string?> RollBackAsync(TargetContext context, string? prepared, CancellationToken cancellationToken)
    {
        touch("before target back");
        var found = await publisher.RollBackAsync(context, prepared, cancellationToken);
        touch("after target back");
        return found;
    }

    public async Task ForgetPreviousAsync(TargetContext context, CancellationToken cancellationToken)
    {
        touch("before target forgets");
        await publisher.ForgetPreviousAsync(context, cancellationToken);
        touch("after target forgets");
    }

    public Task<bool?> HoldsAsync(TargetContext context, CancellationToken cancellationToken) => publisher.HoldsAsync(context, cancellationToken);
}
