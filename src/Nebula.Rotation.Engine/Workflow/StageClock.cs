namespace Nebula.Rotation.Engine.Workflow;

/// <summary>When a stage began, and how long it has taken.</summary>
internal sealed class StageClock(RotationStage stage, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    private TimeSpan? _stopped;

    public RotationStage Stage { get; } = stage;

    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public TimeSpan Elapsed => _stopped ?? time.GetElapsedTime(_started);

    /// <summary>Ends the stage's time before it is reported.</summary>
    public void Finish() => _stopped = time.GetElapsedTime(_started);
}
