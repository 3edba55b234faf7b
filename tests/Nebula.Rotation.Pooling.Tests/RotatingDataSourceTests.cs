using System.Data;
using System.Data.Common;
using System.Runtime.CompilerServices;
using Nebula.Rotation.Pooling.Sources;
using Nebula.Rotation.Pooling.Tests.Databases;

namespace Nebula.Rotation.Pooling.Tests;

/// <summary>A data source whose login is replaced while it is in use, on real servers.</summary>
public abstract class RotatingDataSourceTests(TestDatabase database)
{
    private static readonly RotatingPoolOptions Told = new() { PollInterval = Timeout.InfiniteTimeSpan, MaxBackOff = TimeSpan.FromMinutes(1) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_swaps_under_traffic_fail_nothing_and_leave_no_session_of_an_old_login()
    {
        await using var source = await StartAsync(await database.NewLoginAsync(), Told with { WarmConnections = 4 });
        await using var traffic = new Traffic(source);
        var former = new List<string>();
        for (var swap = 0; swap < 10; swap++)
        {
            await traffic.FlowsAsync(100);
            former.Add(source.Username);
            var next = await database.NewLoginAsync();
            var adoption = await source.AdoptAsync(next, Cancellation);
            Assert.Equal((next.Username, former[^1], true), (adoption.Username, adoption.PreviousUsername, adoption.IsChanged));
            var drain = await adoption.Drained;
            Assert.Equal((former[^1], 0, null), (drain!.Username, drain.LeftOpen, drain.Problem));
        }

        await traffic.FlowsAsync(100);
        Assert.Empty(traffic.Failures);
        foreach (var username in former)
            await Eventually.HoldsAsync(async () => await database.CountSessionsAsync(username) == 0, $"no session of {username}");
        TestContext.Current.TestOutputHelper?.WriteLine($"{traffic.Queries} queries, {traffic.Failures.Count} failed, 10 swaps");
    }

    [Fact]
    public async Task Each_warm_connection_is_warmed_up_before_the_new_pool_takes_the_others_place()
    {
        var warmed = new List<(string Pool, string Login)>();
        RotatingDataSource? source = null;
        source = await StartAsync(await database.NewLoginAsync(), Told with { WarmConnections = 3, WarmUp = NoteAsync });
        await using var owned = source;
        Assert.Equal(3, warmed.Count);
        var (former, next) = (source.Username, await database.NewLoginAsync());
        warmed.Clear();
        await source.AdoptAsync(next, Cancellation);
        Assert.Equal([(former, next.Username), (former, next.Username), (former, next.Username)], warmed);

        async Task NoteAsync(DbConnection connection, CancellationToken cancellationToken)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = database.WhoAmI;
            warmed.Add((source?.Username ?? "", (string)(await command.ExecuteScalarAsync(cancellationToken))!));
        }
    }

    [Fact]
    public async Task What_warming_up_throws_is_no_reason_against_a_login_and_the_other_connections_are_warmed_up_all_the_same()
    {
        var warmed = 0;
        await using var source = await StartAsync(await database.NewLoginAsync(), Told with { WarmConnections = 3, WarmUp = RefuseAsync });
        var next = await database.NewLoginAsync();
        await source.AdoptAsync(next, Cancellation);
        Assert.Equal(next.Username, source.Username);
        Assert.Equal(6, warmed);

        Task RefuseAsync(DbConnection connection, CancellationToken cancellationToken)
        {
            warmed++;
            throw new InvalidOperationException("no such table");
        }
    }

    [Fact]
    public async Task Connections_are_the_providers_own()
    {
        await using var source = await StartAsync(await database.NewLoginAsync(), Told);
        await using var opened = await source.OpenConnectionAsync(Cancellation);
        await using var created = source.CreateConnection();
        Assert.IsType(database.ConnectionType, opened);
        Assert.IsType(database.ConnectionType, created);
        await using var command = source.CreateCommand(database.WhoAmI);
        Assert.Equal(source.Username, await command.ExecuteScalarAsync(Cancellation));
        Assert.DoesNotContain(source.Login.Login.Password.Reveal(), source.ConnectionString, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_that_does_not_work_leaves_the_pool_as_it_was()
    {
        var first = await database.NewLoginAsync();
        await using var source = await StartAsync(first, Told);
        var wrong = new PoolLogin(new Login((await database.NewLoginAsync()).Username, new Secret("wrong-password-9271")));

        var error = await Assert.ThrowsAsync<RotationException>(() => source.AdoptAsync(wrong, Cancellation));

        Assert.Equal(RotationErrorCode.PublishFailed, error.Code);
        Assert.Contains(first.Username, error.RecommendedAction, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-password-9271", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(first.Username, source.Username);
        await using var connection = await source.OpenConnectionAsync(Cancellation);
        Assert.Equal(first.Username, await AskAsync(connection, database.WhoAmI));
    }

    [Fact]
    public async Task An_open_transaction_finishes_with_the_old_login_and_takes_its_pool_with_it()
    {
        var first = await database.NewLoginAsync();
        await using var source = await StartAsync(first, Told);
        var connection = await source.OpenConnectionAsync(Cancellation);
        var transaction = await connection.BeginTransactionAsync(Cancellation);
        var adoption = await source.AdoptAsync(await database.NewLoginAsync(), Cancellation);

        await using (var other = await source.OpenConnectionAsync(Cancellation))
            Assert.Equal(source.Username, await AskAsync(other, database.WhoAmI));
        Assert.False(adoption.Drained.IsCompleted);
        Assert.Equal(first.Username, await AskAsync(connection, database.WhoAmI, transaction));
        await transaction.CommitAsync(Cancellation);
        await transaction.DisposeAsync();
        Assert.False(adoption.Drained.IsCompleted);
        await connection.DisposeAsync();

        var drain = await adoption.Drained.WaitAsync(Eventually.Limit, Cancellation);
        Assert.Equal((1, 0), (drain!.OpenAtSwap, drain.LeftOpen));
        await Eventually.HoldsAsync(async () => await database.CountSessionsAsync(first.Username) == 0, "the old login's sessions end");
    }

    [Fact]
    public async Task A_drain_is_bounded_and_cuts_nobody_off()
    {
        var first = await database.NewLoginAsync();
        await using var source = await StartAsync(first, Told with { DrainTimeout = TimeSpan.FromMilliseconds(200) });
        var connection = await source.OpenConnectionAsync(Cancellation);
        var adoption = await source.AdoptAsync(await database.NewLoginAsync(), Cancellation);

        var drain = await adoption.Drained.WaitAsync(Eventually.Limit, Cancellation);
        Assert.Equal((1, null), (drain!.LeftOpen, drain.Problem));
        Assert.Equal(first.Username, await AskAsync(connection, database.WhoAmI));
        await connection.DisposeAsync();
        await Eventually.HoldsAsync(async () => await database.CountSessionsAsync(first.Username) == 0, "the session that was left ends with its connection");
    }

    [Fact]
    public async Task A_connection_that_was_made_before_the_swap_can_be_opened_after_it()
    {
        var first = await database.NewLoginAsync();
        await using var source = await StartAsync(first, Told);
        var late = source.CreateConnection();
        MakeUnused(source);
        var adoption = await source.AdoptAsync(await database.NewLoginAsync(), Cancellation);

        await late.OpenAsync(Cancellation);
        Assert.Equal(first.Username, await AskAsync(late, database.WhoAmI));
        await late.DisposeAsync();
        await Eventually.HoldsAsync(
            () =>
            {
                // Not every provider says that a connection was disposed which was never opened.
                GC.Collect();
                return adoption.Drained.IsCompleted;
            },
            "the drain ends");
        Assert.Equal(0, (await adoption.Drained)!.LeftOpen);
    }

    [Fact]
    public async Task A_connection_that_is_closed_and_opened_again_counts_again()
    {
        await using var source = await StartAsync(await database.NewLoginAsync(), Told);
        await using var connection = await source.OpenConnectionAsync(Cancellation);
        await connection.CloseAsync();
        await connection.OpenAsync(Cancellation);
        var adoption = await source.AdoptAsync(await database.NewLoginAsync(), Cancellation);
        Assert.False(adoption.Drained.IsCompleted);
        await connection.CloseAsync();
        Assert.Equal((1, 0), await adoption.Drained.WaitAsync(Eventually.Limit, Cancellation) is { } drain ? (drain.OpenAtSwap, drain.LeftOpen) : default);
    }

    [Fact]
    public async Task A_session_that_the_server_ends_keeps_no_pool()
    {
        await using var source = await StartAsync(await database.NewLoginAsync(), Told);
        var connection = await source.OpenConnectionAsync(Cancellation);
        await database.EndSessionAsync(await AskAsync(connection, database.SessionId));
        await Assert.ThrowsAnyAsync<DbException>(() => AskAsync(connection, database.WhoAmI));
        await connection.DisposeAsync();
        var adoption = await source.AdoptAsync(await database.NewLoginAsync(), Cancellation);
        Assert.Equal((0, 0), await adoption.Drained.WaitAsync(Eventually.Limit, Cancellation) is { } drain ? (drain.OpenAtSwap, drain.LeftOpen) : default);
    }

    [Fact]
    public async Task An_open_that_fails_keeps_no_pool()
    {
        await using var source = await StartAsync(await database.NewLoginAsync(), Told);
        // Which takes the one that is open already.
        await using var connection = await source.OpenConnectionAsync(Cancellation);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await source.OpenConnectionAsync(cancelled.Token));
        var adoption = await source.AdoptAsync(await database.NewLoginAsync(), Cancellation);
        await connection.CloseAsync();
        Assert.Equal(1, (await adoption.Drained.WaitAsync(Eventually.Limit, Cancellation))!.OpenAtSwap);
    }

    [Fact]
    public async Task Disposing_ends_every_session_and_opens_no_more()
    {
        var login = await database.NewLoginAsync();
        var source = await StartAsync(login, Told with { WarmConnections = 3 });
        await using (await source.OpenConnectionAsync(Cancellation))
        {
        }

        await source.DisposeAsync();
        await Eventually.HoldsAsync(async () => await database.CountSessionsAsync(login.Username) == 0, "no session");
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await source.OpenConnectionAsync(Cancellation));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => source.AdoptAsync(login, Cancellation));
        // Once more is fine, in either way.
        await source.DisposeAsync();
#pragma warning disable CA1849 // The way without await is what is tested.
        source.Dispose();
#pragma warning restore CA1849
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void MakeUnused(RotatingDataSource source)
    {
        using var unused = source.CreateConnection();
        Assert.Equal(ConnectionState.Closed, unused.State);
    }

    private Task<RotatingDataSource> StartAsync(PoolLogin login, RotatingPoolOptions options) =>
        RotatingDataSource.StartAsync(new CallbackLoginSource(_ => new(login)), database.Open, options, Cancellation);

    private static async Task<string> AskAsync(DbConnection connection, string sql, DbTransaction? transaction = null)
    {
        Assert.Equal(ConnectionState.Open, connection.State);
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // The database's own text.
        command.CommandText = sql;
#pragma warning restore CA2100
        return (string)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}

public sealed class RotatingDataSourceOnPostgreSqlTests(PostgreSqlDatabase database) : RotatingDataSourceTests(database);

public sealed class RotatingDataSourceOnMariaDbTests(MariaDbDatabase database) : RotatingDataSourceTests(database);
