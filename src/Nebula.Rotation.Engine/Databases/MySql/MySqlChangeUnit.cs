using MySqlConnector;
using Nebula.Rotation.Engine.Databases.MySql.Passwords;
using Nebula.Rotation.Engine.Databases.MySql.Rules;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>
/// Statements one after the other: each is committed by itself, and what was done stays when a later one fails. The workflow's compensation reads what is there
/// and takes it back. A statement that meets a lock is repeated here once something was changed before it; the first one leaves that to the workflow.
/// </summary>
internal sealed class MySqlChangeUnit(MySqlSession session, string setUp) : IChangeUnit
{
    /// <summary>Statements that go in one round trip at most.</summary>
    private const int StatementsPerPacket = 200;

    private const int CharactersPerPacket = 500_000;

    /// <summary>Warnings of what was done: something is deprecated, and the server's own words for a hash that it was given.</summary>
    private static readonly HashSet<int> Harmless = [1287, 1681, 3090, 3719, 4013];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private int _changed;

    public async Task ApplyAsync(IReadOnlyList<PlannedStatement> statements, Login? password, CancellationToken cancellationToken)
    {
        var filler = new SlotFiller(session);
        var texts = new List<(PlannedStatement Statement, string Text)>(statements.Count);
        try
        {
            foreach (var statement in statements)
            {
                if (!statement.CarriesPassword)
                {
                    texts.Add((statement, statement.Text));
                    continue;
                }

                foreach (var text in await filler.FillAsync(statement, password, cancellationToken))
                    texts.Add((statement, text));
            }
        }
        catch (Exception e) when (MySqlErrors.IsOfDriver(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw MySqlErrors.OfStatement(e, session.Endpoint, null);
        }

        var started = TimeProvider.System.GetTimestamp();
        for (var at = 0; at < texts.Count;)
        {
            var packet = Packet(texts, at);
            var (done, error) = await RunAsync(packet, cancellationToken);
            _changed += packet.Take(done).Count(item => item.Statement.Rule != StatementList.SessionRule);
            at += done;
            if (error is null)
                continue;

            // Session settings of the steps before it are lost with whatever failed.
            await ResetAsync(cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            var failure = MySqlErrors.OfStatement(error, session.Endpoint, texts[Math.Min(at, texts.Count - 1)].Statement);
            if (!MySqlErrors.IsTransient(error))
                throw HowFar(failure);
            if (_changed == 0)
                throw new TransientDatabaseException(failure.Message, failure);
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
                throw HowFar(failure);
            at = Rewind(texts, at);
            await Task.Delay(Pause, cancellationToken);
        }
    }

    public Task CommitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static List<(PlannedStatement Statement, string Text)> Packet(List<(PlannedStatement Statement, string Text)> texts, int at)
    {
        var packet = new List<(PlannedStatement, string Text)>();
        for (var length = 0; at < texts.Count && packet.Count < StatementsPerPacket && length < CharactersPerPacket; at++)
        {
            packet.Add(texts[at]);
            length += texts[at].Text.Length;
            if (IsBody(texts[at].Statement))
                break;
        }

        return packet;
    }

    /// <summary>MySQL takes all that follows a routine's or trigger's body for a part of it, a semicolon too: such a statement is the last of its packet.</summary>
    private static bool IsBody(PlannedStatement statement) =>
        statement.Rule == StatementList.DefinerRule && statement.Text.StartsWith("CREATE ", StringComparison.Ordinal);

    /// <summary>The settings right before a statement belong to it.</summary>
    private static int Rewind(List<(PlannedStatement Statement, string Text)> texts, int at)
    {
        while (at > 0 && texts[at - 1].Statement.Rule == StatementList.SessionRule)
            at--;
        return at;
    }

    /// <summary>How many of the statements were done, and what the next one met.</summary>
    private async Task<(int Done, Exception? Error)> RunAsync(List<(PlannedStatement Statement, string Text)> packet, CancellationToken cancellationToken)
    {
        var done = 0;
        try
        {
            // After each statement its warnings: the server forgets them at the next.
            await using var command = session.Command(string.Concat(packet.Select(item => item.Text + (IsBody(item.Statement) ? "" : ";\nSHOW WARNINGS;\n"))));
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            do
            {
                var warnings = new List<string>();
                while (await rows.ReadAsync(cancellationToken))
                {
                    // SET and UNLOCK leave the warnings of what was before them.
                    if (packet[done].Statement.Rule != StatementList.SessionRule && rows.GetString(0) != "Note" && !Harmless.Contains(rows.GetInt32(1)))
                        warnings.Add($"{rows.GetString(2)} ({rows.GetInt32(1)})");
                }

                done++;
                if (warnings.Count > 0)
                {
                    throw new RotationException(
                        RotationErrorCode.DatabaseError,
                        $"{session.Endpoint} warned, which means that something was not done: {string.Join("; ", warnings.Distinct().Take(5))}. At: {Shorten(packet[done - 1].Statement.MaskedText)}",
                        "See what the warning names: most often the admin lacks a right.");
                }
            }
            while (await rows.NextResultAsync(cancellationToken));
            return (packet.Count, null);
        }
        catch (Exception e) when (e is RotationException || MySqlErrors.IsOfDriver(e) || cancellationToken.IsCancellationRequested)
        {
            return (Math.Min(done, packet.Count), e);
        }
    }

    private async Task ResetAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var reset = session.Command("UNLOCK TABLES;" + setUp);
            await reset.ExecuteNonQueryAsync(cancellationToken.IsCancellationRequested ? CancellationToken.None : cancellationToken);
        }
        catch (Exception e) when (MySqlErrors.IsOfDriver(e))
        {
            // The connection is gone; whoever uses it next is told.
        }
    }

    private RotationException HowFar(RotationException failure) => _changed == 0
        ? failure
        : new(failure.Code, $"{failure.Message} {_changed} statement(s) of this unit had been done by then.", failure.RecommendedAction, failure.InnerException);

    private static string Shorten(string text) => text.Length <= 300 ? text : text[..300] + "…";
}
