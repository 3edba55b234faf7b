namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>
/// Waits for a point of a rotation and strikes there, once. Told of each stage, each write and each statement in their order, it also is what counts them.
/// </summary>
/// <param name="at">Where; null to look on only.</param>
internal sealed class Ambush(KillPoint? at)
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Passage> _seen = [];
    private bool _isTaken;

    /// <summary>What happens there. The connections that there are then are over when it has.</summary>
    public Func<Task> Strike { get; set; } = () => Task.CompletedTask;

    /// <summary>True from the strike on: nothing passes any more.</summary>
    public bool HasStruck { get; private set; }

    /// <summary>The strike has done what it does.</summary>
    public Task Over => _over.Task;

    /// <summary>The statement that was struck, where it was one.</summary>
    public string? Statement { get; private set; }

    /// <summary>The stage that the rotation is in.</summary>
    public RotationStage Stage { get; private set; } = RotationStage.Prepare;

    /// <summary>All that has passed by.</summary>
    public IReadOnlyList<Passage> Seen
    {
        get
        {
            lock (_gate)
                return [.. _seen];
        }
    }

    public void Enter(RotationStage stage)
    {
        lock (_gate)
            Stage = stage;
    }

    /// <summary>A write to the store; true when the runner dies here, and <see cref="StrikeAsync"/> is to be called.</summary>
    public bool Writes(Moment moment, string what)
    {
        lock (_gate)
        {
            if (!IsAt(moment, what))
                return false;
            HasStruck = true;
            return true;
        }
    }

    /// <summary>A statement; what is to be done with it, or null to let it pass. From its answer on, <see cref="Trip"/> counts as the strike.</summary>
    public Moment? Asks(string statement)
    {
        lock (_gate)
        {
            if (HasStruck || !IsAt(Moment.BeforeSend, statement))
                return null;
            Statement = statement;
            HasStruck = at!.Value.Moment is Moment.BeforeSend or Moment.HalfSent or Moment.InFlight;
            return at.Value.Moment;
        }
    }

    public void Trip()
    {
        lock (_gate)
            HasStruck = true;
    }

    public async Task StrikeAsync()
    {
        try
        {
            await Strike();
            _over.TrySetResult();
        }
        catch (Exception exception)
        {
            // Told to whoever waits for the strike; the proxy is not to stumble over it.
            _over.TrySetException(exception);
        }
    }

    /// <summary>Counts; true at the point. All moments of a statement are counted as its sending.</summary>
    private bool IsAt(Moment moment, string what)
    {
        _seen.Add(new(Stage, moment, what));
        if (_isTaken || at is not { } point || point.Stage != Stage || (point.Moment is Moment.BeforeWrite or Moment.AfterWrite ? point.Moment : Moment.BeforeSend) != moment)
            return false;
        return _isTaken = _seen.Count(passage => passage.Stage == Stage && passage.Moment == moment) == point.Nth;
    }

    /// <summary>One write, before or after, or one statement.</summary>
    internal readonly record struct Passage(RotationStage Stage, Moment Moment, string What);
}
