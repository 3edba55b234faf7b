using System.Data.Common;
using Nebula.Rotation.Pooling.Generations;

namespace Nebula.Rotation.Pooling;

/// <summary>
/// A data source whose login can be replaced while it is in use. Connections are the provider's own, not wrapped: they can be cast to their type, and work
/// with whatever knows it. What is open stays good until it is closed; what is opened after a swap belongs to the new login.
/// </summary>
/// <remarks>
/// Who uses the pool before is counted by the state of its connections (<see cref="DbConnection.StateChange"/>), which providers report when one is closed,
/// disposed, or lost. A connection that is never closed keeps its pool until <see cref="RotatingPoolOptions.DrainTimeout"/>.
/// A connection that was made and not opened (<see cref="DbDataSource.CreateConnection"/>) belongs to the login of the moment when it was made.
/// </remarks>
public sealed class RotatingDataSource : DbDataSource, IRotatingPool
{
    private static readonly string[] PasswordKeys = ["Password", "Pwd", "PSW"];

    private readonly GenerationSet<DbDataSource> _generations;

    private RotatingDataSource(ILoginSource source, Func<PoolLogin, DbDataSource> open, RotatingPoolOptions options) =>
        _generations = new(source, (login, _) => Task.FromResult(open(login)), (pool, cancellationToken) => ProveAsync(pool, options, cancellationToken), options);

    /// <inheritdoc/>
    public string Username => _generations.Login.Username;

    /// <summary>The login in use.</summary>
    public PoolLogin Login => _generations.Login;

    /// <summary>The connection string of the pool in use, without its password.</summary>
    public override string ConnectionString
    {
        get
        {
            var builder = new DbConnectionStringBuilder { ConnectionString = Read(_generations.Hold()) };
            foreach (var key in PasswordKeys)
                builder.Remove(key);
            return builder.ConnectionString;
        }
    }

    /// <summary>Takes the login from the source, proves it, and follows the source from then on.</summary>
    /// <param name="source">Where the login comes from; disposed with the data source, or when this fails.</param>
    /// <param name="open">Makes the provider's data source for a login; it need not connect. Each login gets one of its own.</param>
    /// <param name="options">How to follow; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="RotationException">The source has no login, or it could not be proved.</exception>
    public static async Task<RotatingDataSource> StartAsync(
        ILoginSource source, Func<PoolLogin, DbDataSource> open, RotatingPoolOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(open);
        var rotating = new RotatingDataSource(source, open, options ?? new());
        await rotating._generations.StartAsync(cancellationToken);
        return rotating;
    }

    /// <inheritdoc/>
    public Task<PoolAdoption> AdoptAsync(PoolLogin login, CancellationToken cancellationToken) => _generations.AdoptAsync(login, cancellationToken);

    /// <summary>Looks at the source now instead of at the next poll.</summary>
    public Task<PoolAdoption> RefreshAsync(CancellationToken cancellationToken) => _generations.FollowAsync(cancellationToken);

    /// <inheritdoc/>
    protected override DbConnection CreateDbConnection()
    {
        var generation = _generations.Hold();
        try
        {
            var connection = generation.Pool.CreateConnection();
            UnopenedConnection.Watch(generation, connection);
            return connection;
        }
        catch
        {
            generation.LetGo();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override DbConnection OpenDbConnection()
    {
        var generation = _generations.Hold();
        try
        {
            var connection = generation.Pool.OpenConnection();
            connection.StateChange += generation.StateChanged;
            return connection;
        }
        catch
        {
            generation.LetGo();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override ValueTask<DbConnection> OpenDbConnectionAsync(CancellationToken cancellationToken = default)
    {
        var generation = _generations.Hold();
        ValueTask<DbConnection> opening;
        try
        {
            opening = generation.Pool.OpenConnectionAsync(cancellationToken);
        }
        catch
        {
            generation.LetGo();
            throw;
        }

        // An idle connection is there at once; no state machine for it.
        if (!opening.IsCompletedSuccessfully)
            return AwaitAsync(generation, opening);
        var connection = opening.Result;
        connection.StateChange += generation.StateChanged;
        return new(connection);
    }

    /// <inheritdoc/>
    protected override async ValueTask DisposeAsyncCore()
    {
        await _generations.DisposeAsync();
        await base.DisposeAsyncCore();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Task.Run(() => _generations.DisposeAsync().AsTask()).GetAwaiter().GetResult();
        base.Dispose(disposing);
    }

    private static async ValueTask<DbConnection> AwaitAsync(Generation<DbDataSource> generation, ValueTask<DbConnection> opening)
    {
        try
        {
            var connection = await opening;
            connection.StateChange += generation.StateChanged;
            return connection;
        }
        catch
        {
            generation.LetGo();
            throw;
        }
    }

    private static string Read(Generation<DbDataSource> generation)
    {
        try
        {
            return generation.Pool.ConnectionString;
        }
        finally
        {
            generation.LetGo();
        }
    }

    private static async Task ProveAsync(DbDataSource pool, RotatingPoolOptions options, CancellationToken cancellationToken)
    {
        // The first one is the proof. The others one after another: logging in costs both sides time on a processor (SCRAM hashes thousands of times), which
        // the old pool's work needs meanwhile. All stay open until the last is, or one would be opened again and again.
        var others = new List<DbConnection>(options.WarmConnections - 1);
        await using var proof = await pool.OpenConnectionAsync(cancellationToken);
        await WarmUpAsync(proof, options, cancellationToken);
        try
        {
            while (others.Count < options.WarmConnections - 1)
            {
                var other = await pool.OpenConnectionAsync(cancellationToken);
                others.Add(other);
                await WarmUpAsync(other, options, cancellationToken);
            }
        }
        catch (Exception)
        {
            // The login is proved. A server that has no room for all of them now will have some when the old pool is gone.
        }

        foreach (var other in others)
            await other.DisposeAsync();
    }

    /// <summary>One that could not be warmed up serves as it is, and the others are.</summary>
    private static async Task WarmUpAsync(DbConnection connection, RotatingPoolOptions options, CancellationToken cancellationToken)
    {
        if (options.WarmUp is null)
            return;
        try
        {
            await options.WarmUp(connection, cancellationToken);
        }
        catch (Exception)
        {
            // Of the application's own making, and no reason against the login.
        }
    }
}
