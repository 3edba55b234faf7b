using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>
/// The one queue between the work and the pipeline thread. Unbounded: the work never waits for its consumer, because a database that is
/// half-way through a rotation must not wait for somebody who reads page by page.
/// </summary>
internal sealed class PipelineInbox(HostVoice voice) : IDisposable
{
    // Not BlockingCollection: it tells its end by an exception, and the first exception of a session costs milliseconds.
    private readonly Queue<PipelineItem> _items = new();
    private readonly object _gate = new();
    private bool _closed;

    /// <summary>Adds an item; one that comes too late is told so on the caller's thread.</summary>
    public void Post(PipelineItem item)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _items.Enqueue(item);
                Monitor.PulseAll(_gate);
                return;
            }
        }

        item.Abandoned(voice);
    }

    /// <summary>The next item, or null when the work has ended and everything was taken.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public PipelineItem? Take(CancellationToken stop)
    {
        using var wakes = stop.UnsafeRegister(static inbox => ((PipelineInbox)inbox!).Wake(), this);
        lock (_gate)
        {
            while (true)
            {
                stop.ThrowIfCancellationRequested();
                if (_items.TryDequeue(out var item) || _closed)
                    return item;
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>The next item, or false at the end or when the time is over.</summary>
    public bool TryTake([NotNullWhen(true)] out PipelineItem? item, TimeSpan patience)
    {
        var waited = Stopwatch.StartNew();
        lock (_gate)
        {
            while (!_items.TryDequeue(out item) && !_closed)
            {
                var rest = patience - waited.Elapsed;
                if (rest <= TimeSpan.Zero || !Monitor.Wait(_gate, rest))
                    return _items.TryDequeue(out item);
            }

            return item is not null;
        }
    }

    /// <summary>No more items; what is queued can still be taken.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    public void Dispose()
    {
        Close();
        while (TryTake(out var item, TimeSpan.Zero))
            item.Abandoned(voice);
    }

    private void Wake()
    {
        lock (_gate)
            Monitor.PulseAll(_gate);
    }
}
