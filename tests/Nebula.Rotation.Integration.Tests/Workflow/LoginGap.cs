namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>
/// Where an application has read which login is live and no server sees it yet. -GracePeriod is for those, and must be longer than they take: on a machine that
/// is busy no period that a test can wait for is. So a test's flip is over when everybody who may have read what the store said before it has come through.
/// </summary>
internal sealed class LoginGap
{
    private readonly Lock _gate = new();
    private readonly HashSet<Passage> _inside = [];

    /// <summary>From before the store is read until a server knows who came.</summary>
    public Passage Enter()
    {
        var passage = new Passage(this);
        lock (_gate)
            _inside.Add(passage);
        return passage;
    }

    /// <summary>Waits for those who are in it now.</summary>
    public Task PassedAsync()
    {
        lock (_gate)
            return Task.WhenAll(_inside.Select(static passage => passage.Over));
    }

    internal sealed class Passage(LoginGap gap) : IDisposable
    {
        private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Over => _over.Task;

        public void Dispose()
        {
            lock (gap._gate)
                gap._inside.Remove(this);
            _over.TrySetResult();
        }
    }
}
