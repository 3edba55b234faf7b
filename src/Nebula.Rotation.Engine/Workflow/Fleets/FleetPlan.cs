namespace Nebula.Rotation.Engine.Workflow.Fleets;

/// <summary>
/// Which member is begun next. Pure: it is told what has ended, and looks at no clock. In the order given, but a member whose server is full lets
/// those of other servers pass.
/// </summary>
internal sealed class FleetPlan
{
    private readonly List<FleetEntry> _waiting;
    private readonly HashSet<FleetEntry> _running = [];
    private readonly HashSet<FleetEntry> _ended = [];
    private readonly int _throttleLimit;
    private readonly int? _failureBudget;
    private FleetEntry? _canary;
    private int _failures;

    public FleetPlan(IEnumerable<FleetEntry> entries, int throttleLimit, int? failureBudget, bool canary)
    {
        _waiting = [.. entries];
        _throttleLimit = throttleLimit;
        _failureBudget = failureBudget;
        // The first that can go first: one that waits for others is no canary.
        _canary = canary ? _waiting.FirstOrDefault(entry => entry.After.Count == 0) : null;
    }

    /// <summary>Why no more are begun, or null.</summary>
    public string? Halted { get; private set; }

    /// <summary>Those that were not begun.</summary>
    public IReadOnlyList<FleetEntry> Waiting => _waiting;

    /// <summary>The next to begin now; null when it has to wait for one that runs, or when there is none.</summary>
    public FleetEntry? Begin()
    {
        if (Halted is not null || _running.Count >= _throttleLimit || (_canary is not null && _running.Count > 0))
            return null;
        var next = _canary ?? _waiting.FirstOrDefault(entry => HasRoom(entry) && entry.After.All(_ended.Contains));
        if (next is null)
            return null;
        _waiting.Remove(next);
        _running.Add(next);
        return next;
    }

    /// <summary>One has ended.</summary>
    /// <param name="entry">Which.</param>
    /// <param name="outcome">How.</param>
    /// <param name="isClean">True when what was asked for it is done; what a canary has to be.</param>
    public void End(FleetEntry entry, FleetOutcome outcome, bool isClean)
    {
        _running.Remove(entry);
        _ended.Add(entry);
        if (outcome == FleetOutcome.Failed && ++_failures >= _failureBudget)
            Halted ??= $"{_failures} failed, which is all that -FailureBudget allows";
        if (!ReferenceEquals(entry, _canary))
            return;
        _canary = null;
        if (!isClean)
            Halted = $"the canary '{entry.Name}' did not complete";
    }

    /// <summary>A stop: nothing more is begun.</summary>
    public void Halt(string why) => Halted ??= why;

    private bool HasRoom(FleetEntry entry) => _running.Count(running => running.Server == entry.Server) < entry.AtOnce;
}
