using System.Collections.Concurrent;
using Nebula.Rotation.Engine.Tests.Workflow;

namespace Nebula.Rotation.Engine.Tests.Fleets;

/// <summary>Writes down what a run over many says.</summary>
internal sealed class FleetWatcher : IFleetObserver
{
    public ConcurrentQueue<string> Events { get; } = new();

    public ConcurrentDictionary<string, RecordingObserver> Observers { get; } = new();

    public ConcurrentQueue<string> Messages { get; } = new();

    /// <summary>What the caller says to an end; true wants more.</summary>
    public Func<FleetResult, Task<bool>> Heard { get; set; } = _ => Task.FromResult(true);

    public Action<string> Began { get; set; } = _ => { };

    public IRotationObserver OnBegin(FleetMember member)
    {
        Events.Enqueue($"begin {member.Request.Name}");
        Began(member.Request.Name);
        return Observers[member.Request.Name] = new RecordingObserver();
    }

    public Task<bool> OnEndAsync(FleetResult result, Exception? exception)
    {
        Events.Enqueue($"{result.Outcome} {result.Credential}");
        Assert.Equal(result.Outcome is FleetOutcome.Failed or FleetOutcome.Stopped, exception is not null);
        return Heard(result);
    }

    public void OnMessage(RotationMessageKind kind, string message) => Messages.Enqueue($"{kind}: {message}");
}
