using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>
/// The one queue between the work and the pipeline thread. Unbounded: the work never waits for its consumer, because a database that is
/// half-way through a rotation must not wait for somebody who reads page by page.
/// </summary>
internal sealed class PipelineInbox(HostVoice voice) : IDisposable
{
    private readonly BlockingCollection<PipelineItem> _items = [];
    private readonly object _gate = new();
    private bool _closed;

    /// <summary>Adds an item; one that comes too late is told so on the caller's thread.</summary>
    public void Post(PipelineItem item)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _items.Add(item);
                return;
            }
        }

        item.Abandoned(voice);
    }

    /// <summary>The next item, or null when the work has ended and everything was taken.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public PipelineItem? Take(CancellationToken stop) =>
        _items.TryTake(out var item, Timeout.Infinite, stop) ? item : null;

    /// <summary>The next item, or false at the end or when the time is over.</summary>
    public bool TryTake([NotNullWhen(true)] out PipelineItem? item, TimeSpan patience) =>
        _items.TryTake(out item, patience > TimeSpan.Zero ? patience : TimeSpan.Zero);

    /// <summary>No more items; what is queued can still be taken.</summary>
    public void Close()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
            _items.CompleteAdding();
        }
    }

    public void Dispose()
    {
        Close();
        while (_items.TryTake(out var item))
            item.Abandoned(voice);
        _items.Dispose();
    }
}
