using System.Collections;
using System.Management.Automation;

namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>Sees what a pipeline gives, when it gives it.</summary>
public sealed class Probe
{
    private readonly Lock _gate = new();
    private readonly List<object> _seen = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];

    public int Count
    {
        get
        {
            lock (_gate)
                return _seen.Count;
        }
    }

    public IReadOnlyList<object> Seen
    {
        get
        {
            lock (_gate)
                return [.. _seen];
        }
    }

    /// <summary>Called from the script.</summary>
    public void See(object value)
    {
        lock (_gate)
        {
            _seen.Add(value is PSObject wrapped ? wrapped.BaseObject : value);
            _waiting.Where(w => w.Count <= _seen.Count).ToList().ForEach(w => w.Reached.TrySetResult());
        }
    }

    internal IDictionary AsParameter() => new Dictionary<string, object> { ["p"] = this };

    internal Task Saw(int count)
    {
        lock (_gate)
        {
            if (_seen.Count >= count)
                return Task.CompletedTask;
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((count, reached));
            return reached.Task.WaitAsync(Scene.Patience);
        }
    }
}
