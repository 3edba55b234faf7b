namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>Lets a process die at its n-th call to the world; dead, it reaches nothing any more, not even to undo.</summary>
internal sealed class CrashPoint(int at)
{
    private int _calls;

    public string? DiedAt { get; private set; }

    public int Calls => _calls;

    public void Touch(string what)
    {
        if (DiedAt is not null)
            throw new DiedException();
        if (Interlocked.Increment(ref _calls) != at)
            return;
        DiedAt = what;
        throw new DiedException();
    }
}

/// <summary>The process is gone.</summary>
internal sealed class DiedException() : Exception("the process died");
