namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>Writes down what a rotation says.</summary>
internal sealed class RecordingObserver : IRotationObserver
{
    private readonly object _gate = new();
    private readonly List<StageResult> _stages = [];
    private readonly List<(RotationMessageKind Kind, string Text)> _messages = [];

    public IReadOnlyList<StageResult> Stages
    {
        get
        {
            lock (_gate)
                return [.. _stages];
        }
    }

    public IReadOnlyList<(RotationMessageKind Kind, string Text)> Messages
    {
        get
        {
            lock (_gate)
                return [.. _messages];
        }
    }

    public Func<PublishContext, Task>? Publish { get; set; }

    public Action<StageResult> Staged { get; set; } = _ => { };

    public Action<RotationProgress> Progressed { get; set; } = _ => { };

    public bool Publishes => Publish is not null;

    public void OnStage(StageResult result)
    {
        lock (_gate)
            _stages.Add(result);
        Staged(result);
    }

    public void OnProgress(RotationProgress progress) => Progressed(progress);

    public void OnMessage(RotationMessageKind kind, string message)
    {
        lock (_gate)
            _messages.Add((kind, message));
    }

    public Task PublishAsync(PublishContext context, CancellationToken cancellationToken) => Publish!(context);
}
