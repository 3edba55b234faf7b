using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>
/// One transaction; one a database where statements name several, and then those of other databases are committed first, since nothing in them can
/// be seen as the rotation's until the credential's own is.
/// </summary>
internal sealed class PostgreSqlChangeUnit(
    PostgreSqlSession main, string mainDatabase, Func<string, CancellationToken, Task<PostgreSqlSession>> openDatabase, string lockTimeout) : IChangeUnit
{
    /// <summary>Statements that go in one round trip at most; more would be held in memory on both sides for nothing.</summary>
    private const int StatementsPerBatch = 500;

    /// <summary>warning_deprecated_feature (manual, "PostgreSQL Error Codes").</summary>
    private const string DeprecatedFeature = "01P01";

    private readonly List<Part> _parts = [];

    public async Task ApplyAsync(IReadOnlyList<PlannedStatement> statements, Login? password, CancellationToken cancellationToken)
    {
        for (var at = 0; at < statements.Count;)
        {
            var part = await PartAsync(statements[at].Database ?? mainDatabase, cancellationToken);
            var batch = statements.Skip(at).TakeWhile(statement => (statement.Database ?? mainDatabase) == part.Database).Take(StatementsPerBatch).ToList();
            await RunAsync(part, batch, password, cancellationToken);
            at += batch.Count;
        }
    }

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        foreach (var part in _parts.OrderBy(part => part.Session == main))
        {
            try
            {
                await part.Transaction.CommitAsync(cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw PostgreSqlErrors.OfStatement(e, part.Session.Endpoint, null);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in _parts)
        {
            try
            {
                await part.Transaction.DisposeAsync();
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException)
            {
                // The connection is gone, and with it the transaction.
            }

            if (part.Session != main)
                await part.Session.DisposeAsync();
        }

        _parts.Clear();
    }

    private async Task<Part> PartAsync(string database, CancellationToken cancellationToken)
    {
        if (_parts.Find(part => part.Database == database) is { } open)
            return open;
        var session = database == mainDatabase ? main : await openDatabase(database, cancellationToken);
        try
        {
            // Not sent yet: the driver puts BEGIN before the first batch.
            var part = new Part(database, session, await session.Connection.BeginTransactionAsync(cancellationToken));
            _parts.Add(part);
            return part;
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            if (session != main)
                await session.DisposeAsync();
            throw PostgreSqlErrors.OfStatement(e, session.Endpoint, null);
        }
    }

    private async Task RunAsync(Part part, List<PlannedStatement> statements, Login? password, CancellationToken cancellationToken)
    {
        var (session, transaction) = (part.Session, part.Transaction);
        await using var batch = new NpgsqlBatch(session.Connection, transaction);
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
            throw PostgreSqlErrors.OfStatement(e, session.Endpoint, failed >= 0 ? statements[failed] : null);
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
                "Nothing of this step was kept. See what the warning names: most often the admin lacks a right.");
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

    private sealed class Part(string database, PostgreSqlSession session, NpgsqlTransaction transaction)
    {
        public string Database { get; } = database;

        public PostgreSqlSession Session { get; } = session;

        public NpgsqlTransaction Transaction { get; } = transaction;

        public bool HasLimits { get; set; }
    }
}
