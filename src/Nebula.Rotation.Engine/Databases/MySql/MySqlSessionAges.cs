namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>
/// When sessions connected, at the latest. No table of the server says it; but it numbers sessions in the order in which they come (manual,
/// "CONNECTION_ID()"), so one with a smaller number than a session of ours is older than that, and one that was seen before is at least as old as that look.
/// </summary>
internal sealed class MySqlSessionAges
{
    private readonly SortedList<long, DateTimeOffset> _known;

    public MySqlSessionAges(long ownId, DateTimeOffset startedAt) => _known = new() { [ownId] = startedAt };

    /// <summary>The latest moment at which a session can have connected.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="now">The server's clock.</param>
    /// <param name="busyFor">How long it has been in its present state.</param>
    public DateTimeOffset StartedAt(long id, DateTimeOffset now, TimeSpan busyFor)
    {
        var latest = now - busyFor;
        foreach (var (otherId, otherStart) in _known)
        {
            if (otherId >= id && otherStart < latest)
                latest = otherStart;
        }

        _known[id] = latest;
        return latest;
    }

    /// <summary>Forgets sessions that are gone, but for the newest, which dates those before it.</summary>
    public void Keep(IReadOnlySet<long> alive)
    {
        if (_known.Count < 1000)
            return;
        var newest = _known.Keys[^1];
        foreach (var id in _known.Keys.Where(id => id != newest && !alive.Contains(id)).ToList())
            _known.Remove(id);
    }
}
