using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>
/// One transaction a database, one after the other: where statements go on in another database, what was done before is committed, since a role must
/// be there before another database can name it, and can be dropped only after. Until the first commit the unit is taken back whole; from then on
/// a part that meets a lock is repeated here, and if it fails for good the workflow's compensation works on what is there. A database is in several
/// transactions, too, where one would take more locks than the server has.
/// </summary>
internal sealed class PostgreSqlChangeUnit(
    Func<CancellationToken, Task<PostgreSqlSession>> main, string mainDatabase, PostgreSqlDatabaseSessions others, string lockTimeout) : IChangeUnit
{
    /// <summary>Statements that go in one round trip at most; more would be held in memory on both sides for nothing.</summary>
    private const int StatementsPerBatch = 500;

    /// <summary>warning_deprecated_feature (manual, "PostgreSQL Error Codes").</summary>
    private const string DeprecatedFeature = "01P01";

    /// <summary>How long a part is repeated that cannot be taken back with the parts before it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private Part? _part;

    /// <summary>The first database that was committed.</summary>
    private string? _committed;

    public async Task ApplyAsync(IReadOnlyList<PlannedStatement> statements, Login? password, CancellationToken cancellationToken)
    {
        for (var at = 0; at < statements.Count;)
        {
            var database = statements[at].Database ?? mainDatabase;
            if (_part is not null && _part.Database != database)
                await CommitAsync(cancellationToken);
            var part = _part ??= await OpenAsync(database, cancellationToken);
            var batch = Next(part, statements, at);
            if (batch.Count == 0)
            {
                await CommitAsync(cancellationToken);
                continue;
            }

            part.Batches.Add((batch, password));
            await RepeatAsync(part, () => RunAsync(part, batch, password, cancellationToken), () => Task.CompletedTask, cancellationToken);
            at += batch.Count;
        }
    }

    /// <summary>
    /// What goes next in one round trip: statements of one database, as many as the server has locks for until the transaction ends (manual,
    /// "max_locks_per_transaction"). None when it must end first.
    /// </summary>
    private List<PlannedStatement> Next(Part part, IReadOnlyList<PlannedStatement> statements, int from)
    {
        var batch = new List<PlannedStatement>();
        for (var at = from; at < statements.Count && batch.Count < StatementsPerBatch; at++)
        {
            var statement = statements[at];
            if ((statement.Database ?? mainDatabase) != part.Database)
                break;
            if (!statement.IsJoined)
            {
                var objects = statement.Objects + statements.Skip(at + 1).TakeWhile(next => next.IsJoined).Sum(next => next.Objects);
                if (part.Objects > 0 && part.Objects + objects > part.Session.Server.ObjectsPerTransaction)
                    break;
                part.Objects += objects;
            }

            batch.Add(statement);
        }

        return batch;
    }

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (_part is not { } part)
            return;
        Task Commit() => CommitAsync(part, cancellationToken);
        await RepeatAsync(part, Commit, Commit, cancellationToken);
        _committed ??= part.Database;
        await CloseAsync();
    }

    public async ValueTask DisposeAsync() => await CloseAsync();

    private async Task<Part> OpenAsync(string database, CancellationToken cancellationToken) => new(database, await SessionAsync(database, cancellationToken));

    private Task<PostgreSqlSession> SessionAsync(string database, CancellationToken cancellationToken) =>
        database == mainDatabase ? main(cancellationToken) : others.TakeAsync(database, cancellationToken);

    /// <summary>Works on a part, and repeats it whole when that fails for a moment only and a part before it is committed.</summary>
    private async Task RepeatAsync(Part part, Func<Task> work, Func<Task> afterAllAgain, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        for (var repeat = false; ; repeat = true)
        {
            try
            {
                if (!repeat)
                {
                    await work();
                    return;
                }

                await part.RollBackAsync();
                if (part.Session.IsReplaceable)
                {
                    await part.Session.DisposeAsync();
                    part.Session = await SessionAsync(part.Database, cancellationToken);
                }

                foreach (var (batch, password) in part.Batches)
                    await RunAsync(part, batch, password, cancellationToken);
                await afterAllAgain();
                return;
            }
            catch (TransientDatabaseException e) when (_committed is not null)
            {
                if (TimeProvider.System.GetElapsedTime(started) > Patience)
                {
                    throw new RotationException(
                        RotationErrorCode.DatabaseError,
                        $"Database {part.Database} was tried for {Patience.TotalSeconds:0} s, and what was done in {_committed} cannot wait. {e.Message}",
                        innerException: e);
                }
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    private static async Task CommitAsync(Part part, CancellationToken cancellationToken)
    {
        try
        {
            if (part.Transaction is { } transaction)
                await transaction.CommitAsync(cancellationToken);
            part.Transaction = null;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw Failed(part.Session, PostgreSqlErrors.OfStatement(e, part.Session.Endpoint, null));
        }
    }

    private static Exception Failed(PostgreSqlSession session, Exception error)
    {
        session.IsReplaceable = error is TransientDatabaseException && !session.IsOpen;
        return error;
    }

    private async ValueTask CloseAsync()
    {
        if (_part is not { } part)
            return;
        _part = null;
        await part.RollBackAsync();
        if (part.Database != mainDatabase)
            await others.ReturnAsync(part.Database, part.Session);
    }

    private async Task RunAsync(Part part, List<PlannedStatement> statements, Login? password, CancellationToken cancellationToken)
    {
        var session = part.Session;
        try
        {
            // Not sent yet: the driver puts BEGIN before the first batch.
            part.Transaction ??= await session.Connection.BeginTransactionAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            throw PostgreSqlErrors.OfStatement(e, session.Endpoint, null);
        }

        await using var batch = new NpgsqlBatch(session.Connection, part.Transaction);
        if (!part.HasLimits)
            batch.BatchCommands.Add(new($"SET LOCAL lock_timeout TO {PostgreSqlDialect.Literal(lockTimeout)}"));
        var before = batch.BatchCommands.Count;
        foreach (var statement in statements)
            batch.BatchCommands.Add(new(Text(statement, password, session.Server)));

        var warnings = new List<string>();
        NoticeEventHandler listen = (_, e) =>
        {
            // INFO and NOTICE tell of what was done; a WARNING tells of what was not, such as a GRANT without the right to. Not so the one that 18 gives for an md5 hash,
            // which is done: that the server is set to make such hashes is its owner's choice.
            if (e.Notice is { InvariantSeverity: "WARNING", SqlState: not DeprecatedFeature })
                warnings.Add($"{e.Notice.MessageText} ({e.Notice.SqlState})");
        };
        session.Connection.Notice += listen;
        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
            part.HasLimits = true;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e)
        {
            var failed = e is PostgresException { BatchCommand: NpgsqlBatchCommand command } ? batch.BatchCommands.IndexOf(command) - before : -1;
            throw Failed(session, PostgreSqlErrors.OfStatement(e, session.Endpoint, failed >= 0 ? statements[failed] : null));
        }
        finally
        {
            session.Connection.Notice -= listen;
        }

        if (warnings.Count > 0)
        {
            throw new RotationException(
                RotationErrorCode.DatabaseError,
                $"{session.Endpoint} warned, which means that something was not done: {string.Join("; ", warnings.Distinct().Take(5))}.",
                $"Nothing of this step was kept in database {part.Database}. See what the warning names: most often the admin lacks a right.");
        }
    }

    private static string Text(PlannedStatement statement, Login? password, PostgreSqlServer server)
    {
        if (!statement.CarriesPassword)
            return statement.Text;
        ArgumentNullException.ThrowIfNull(password);
        var verifier = server.PasswordsAreMd5
            ? Scram.ScramVerifier.CreateMd5(password)
            : Scram.ScramVerifier.Create(password.Password, server.ScramIterations);
        return statement.Text + PostgreSqlDialect.Literal(verifier) + statement.TextAfterPassword;
    }

    private sealed class Part(string database, PostgreSqlSession session)
    {
        public string Database { get; } = database;

        public PostgreSqlSession Session { get; set; } = session;

        public NpgsqlTransaction? Transaction { get; set; }

        /// <summary>What was run in the transaction, to be run again.</summary>
        public List<(List<PlannedStatement> Statements, Login? Password)> Batches { get; } = [];

        /// <summary>How many objects those name.</summary>
        public int Objects { get; set; }

        public bool HasLimits { get; set; }

        public async ValueTask RollBackAsync()
        {
            HasLimits = false;
            if (Transaction is not { } transaction)
                return;
            Transaction = null;
            try
            {
                await transaction.DisposeAsync();
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException)
            {
                // The connection is gone, and with it the transaction.
            }
        }
    }
}
