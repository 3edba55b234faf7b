namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>How a stage ends that does not succeed.</summary>
public enum Ending
{
    /// <summary>The server, the store or a check refuses.</summary>
    Fails,

    /// <summary>Somebody asks to stop.</summary>
    Stops,

    /// <summary>The process is gone, and undoes nothing.</summary>
    Dies,
}

/// <summary>Ends a rotation in the middle of one of the stages before the flip.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly RotationStage _stage;
    private readonly Ending _ending;
    private readonly World _world;
    private readonly CancellationTokenSource _stop = new();
    private int _checks;
    private int _targets;

    public Interruption(RotationStage stage, Ending ending, World world)
    {
        (_stage, _ending, _world) = (stage, ending, world);
        world.Server.Fault = Fault;
    }

    public bool Happened { get; private set; }

    public CancellationToken Stop => _stop.Token;

    private bool IsDead => Happened && _ending == Ending.Dies;

    /// <summary>Given to the runner: called with whatever it reaches for.</summary>
    public void Touch(string what)
    {
        if (IsDead)
            throw new DiedException();
        var isHere = _stage switch
        {
            RotationStage.Prepare => what == "read",
            RotationStage.Verify => what == "check" && ++_checks == 2,
            RotationStage.Publish => what == "before target" && ++_targets == 3,
            _ => false,
        };
        if (isHere && Interrupt() is { } exception)
            throw exception;
    }

    /// <summary>The process has died: the system closes its connections. The next one meets no fault.</summary>
    public void Leave()
    {
        _world.Server.Fault = static _ => null;
        _world.Server.Locks.Clear();
    }

    public void Dispose() => _stop.Dispose();

    private Exception? Fault(string statement)
    {
        var isHere = _stage switch
        {
            RotationStage.CreateLogin => statement.StartsWith("create|", StringComparison.Ordinal) || statement.StartsWith("add-password|", StringComparison.Ordinal),
            RotationStage.ClonePermissions => statement.StartsWith("grant|", StringComparison.Ordinal) && statement.EndsWith("|a2", StringComparison.Ordinal),
            _ => false,
        };
        return isHere ? Interrupt() : null;
    }

    private Exception? Interrupt()
    {
        if (Happened)
            return null;
        Happened = true;
        if (_ending == Ending.Stops)
        {
            _stop.Cancel();
            return null;
        }

        return _ending == Ending.Dies ? new DiedException() : new RotationException(RotationErrorCode.DatabaseError, "broken on purpose");
    }
}
