using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Stores;

/// <summary>Where a connection is cut.</summary>
internal enum Cut
{
    /// <summary>The commit never reaches the server.</summary>
    BeforeCommit,

    /// <summary>The commit reaches the server; nobody hears what became of it.</summary>
    AtCommit,

    /// <summary>The server has committed; its answer is lost.</summary>
    AfterCommit,
}

/// <summary>Stands between a runner and the store's server, and cuts the next connection that commits, as a network does.</summary>
internal sealed class CommitCutter : IAsyncDisposable
{
    private readonly TcpRelay _relay;
    private int _armed = -1;

    public CommitCutter(string host, int port) => _relay = new(host, port, () => new Link(this));

    public int Port => _relay.Port;

    /// <summary>How many connections were cut.</summary>
    public int Cuts { get; private set; }

    /// <summary>True to refuse what connects from now on, after a cut: the store cannot be asked.</summary>
    public bool RefusesAfterwards { get; set; }

    /// <summary>Cuts the next connection that commits.</summary>
    public void Arm(Cut cut) => Volatile.Write(ref _armed, (int)cut);

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    /// <summary>What lay in wait for a commit, if anything did; it is spent.</summary>
    private Cut? Spend()
    {
        var cut = Interlocked.Exchange(ref _armed, -1);
        if (cut < 0)
            return null;
        Cuts++;
        return (Cut)cut;
    }

    private sealed class Link : RelayedConnection
    {
        private readonly CommitCutter _cutter;
        private readonly ProtocolMessages _questions;
        private readonly ProtocolMessages _answers;
        private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _isMuted;
        private bool _isCommit;

        public Link(CommitCutter cutter)
        {
            _cutter = cutter;
            _questions = new(startsUntyped: true, (type, text) => _isCommit |= type == 'P' && text.StartsWith("\0COMMIT"u8));
            _answers = new(startsUntyped: false, (type, _) =>
            {
                if (_isMuted && type == 'Z')
                    _answered.TrySetResult();
            });
        }

        public override Task<bool> BeginAsync(CancellationToken stop) => Task.FromResult(!_cutter.RefusesAfterwards || _cutter.Cuts == 0);

        public override async Task<bool> AskAsync(ReadOnlyMemory<byte> chunk, Stream server, CancellationToken stop)
        {
            _questions.Read(chunk.Span);
            var cut = _isCommit ? _cutter.Spend() : null;
            _isCommit = false;
            if (cut is Cut.BeforeCommit)
                return false;
            _isMuted = cut is not null;
            await server.WriteAsync(chunk, stop);
            if (cut is Cut.AfterCommit)
                await _answered.Task.WaitAsync(Servers.Eventually.Limit, stop);
            return cut is null;
        }

        public override async Task<bool> AnswerAsync(ReadOnlyMemory<byte> chunk, Stream client, CancellationToken stop)
        {
            _answers.Read(chunk.Span);
            return _isMuted || await base.AnswerAsync(chunk, client, stop);
        }
    }
}
