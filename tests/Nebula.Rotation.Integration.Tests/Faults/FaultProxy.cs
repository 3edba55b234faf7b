using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>
/// Stands between a runner and its server and needs neither's language, so that TLS is no matter. A statement is what the client says when it is its turn,
/// however many packets that takes: the first of them after an answer, or of the connection. What can be read and is not waited for is none.
/// The runner knows nothing of all this.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpRelay _relay;

    public FaultProxy(string host, int port) => _relay = new(host, port, () => new Link(Ambush));

    public int Port => _relay.Port;

    /// <summary>What lies in wait; connections that are made from now on run into it.</summary>
    public Ambush? Ambush { get; set; }

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    /// <summary>One connection: whose turn it is, and what its next answer meets.</summary>
    private sealed class Link(Ambush? ambush) : RelayedConnection
    {
        private Ambush? _ambush = ambush;
        private Moment? _awaited;
        private int _isClientsTurn = 1;
        private bool _hasChanged;

        public override async Task<bool> BeginAsync(CancellationToken stop)
        {
            if (_ambush is { HasStruck: true } struck)
            {
                // What comes after a strike meets the world as the strike has left it.
                await struck.Over.WaitAsync(stop);
                _ambush = null;
            }

            return true;
        }

        public override async Task<bool> AskAsync(ReadOnlyMemory<byte> chunk, Stream server, CancellationToken stop)
        {
            if (_ambush is { HasStruck: true } struck)
                return await EndAsync(struck, stop);
            if (_ambush is { } ambush && StatementLabel.IsAwaited(chunk.Span) && TakesTurn() && ambush.Asks(Name(chunk.Span)) is { } moment)
            {
                if (moment is not (Moment.AnswerLost or Moment.AfterAnswer))
                {
                    var sent = moment switch { Moment.BeforeSend => 0, Moment.HalfSent => chunk.Length / 2, _ => chunk.Length };
                    await server.WriteAsync(chunk[..sent], stop);
                    await ambush.StrikeAsync();
                    return false;
                }

                _awaited = moment;
            }

            return await base.AskAsync(chunk, server, stop);
        }

        public override async Task<bool> AnswerAsync(ReadOnlyMemory<byte> chunk, Stream client, CancellationToken stop)
        {
            if (_ambush is { HasStruck: true } struck)
                return await EndAsync(struck, stop);
            if (StatementLabel.AnswersBegin(chunk.Span))
                return await base.AnswerAsync(chunk, client, stop);
            if (_awaited is { } moment)
            {
                _ambush!.Trip();
                if (moment == Moment.AfterAnswer)
                    await client.WriteAsync(chunk, stop);
                await _ambush.StrikeAsync();
                return false;
            }

            Volatile.Write(ref _isClientsTurn, 1);
            return await base.AnswerAsync(chunk, client, stop);
        }

        private static async Task<bool> EndAsync(Ambush ambush, CancellationToken stop)
        {
            await ambush.Over.WaitAsync(stop);
            return false;
        }

        private string Name(ReadOnlySpan<byte> packet)
        {
            var label = StatementLabel.Of(packet);
            if (label == "COMMIT" && _hasChanged)
                label = StatementLabel.ChangeCommitted;
            _hasChanged = label != StatementLabel.ChangeCommitted && (_hasChanged || StatementLabel.Changes(label));
            return label;
        }

        private bool TakesTurn() => Interlocked.Exchange(ref _isClientsTurn, 0) == 1;
    }
}
