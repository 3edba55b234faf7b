using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>
/// Stands between a client and a PostgreSQL server and counts the answers that the client waits for: each ReadyForQuery but those to a BEGIN, which the driver sends
/// ahead of the first statements (manual, "Message Formats"). Whatever is sent at once and however it is cut, it counts the same. No TLS.
/// </summary>
internal sealed class RoundTripCounter : IAsyncDisposable
{
    private readonly TcpRelay _relay;
    private int _roundTrips;

    public RoundTripCounter(string host, int port) => _relay = new(host, port, () => new Counted(change => Interlocked.Add(ref _roundTrips, change)));

    public int Port => _relay.Port;

    /// <summary>How many round trips a piece of work took.</summary>
    public async Task<int> CountAsync(Func<Task> work)
    {
        var before = Volatile.Read(ref _roundTrips);
        await work();
        return Volatile.Read(ref _roundTrips) - before;
    }

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    private sealed class Counted(Action<int> add) : RelayedConnection
    {
        private readonly ProtocolMessages _questions = new(startsUntyped: true, (type, text) => add(type == 'Q' && text.StartsWith("BEGIN"u8) ? -1 : 0));
        private readonly ProtocolMessages _answers = new(startsUntyped: false, (type, _) => add(type == 'Z' ? 1 : 0));

        public override Task<bool> AskAsync(ReadOnlyMemory<byte> chunk, Stream server, CancellationToken stop)
        {
            _questions.Read(chunk.Span);
            return base.AskAsync(chunk, server, stop);
        }

        public override Task<bool> AnswerAsync(ReadOnlyMemory<byte> chunk, Stream client, CancellationToken stop)
        {
            // Counted before it is passed on: who has the answer finds it counted.
            _answers.Read(chunk.Span);
            return base.AnswerAsync(chunk, client, stop);
        }
    }
}
