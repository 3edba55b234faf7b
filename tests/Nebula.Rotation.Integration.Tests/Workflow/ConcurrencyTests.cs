using System.Collections.Concurrent;
using System.Diagnostics;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>Many rotations on one server at once, and an application that changes the same objects.</summary>
public abstract class ConcurrencyTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : ConcurrencyTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : ConcurrencyTests(postgres);

    private const int Size = 16;

    private static readonly TimeSpan LockTimeout = TimeSpan.FromMilliseconds(300);

    /// <summary>What a machine may be busy for besides, while sixteen rotations and an application share it.</summary>
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Sixteen_logins_are_rotated_at_once_while_the_application_grants_and_alters()
    {
        await using var crowd = await Crowd.CreateAsync(postgres, Size, $"{LockTimeout.TotalMilliseconds}ms");
        var before = await ReadAsync(crowd, crowd.Logins);
        Assert.All(before, login => Assert.True(login.Facts.Count > 25, $"{login.Facts.Count} facts"));
        var messages = new ConcurrentQueue<string>();
        var clock = Stopwatch.StartNew();
        await using (var meddler = new Meddler(crowd, workers: 3))
        {
            await Servers.Eventually.HoldsAsync(() => meddler.Statements > 50, "the application is at work");
            var begun = meddler.Statements;
            await Task.WhenAll(Enumerable.Range(0, Size).Select(number => Task.Run(
                async () =>
                {
                    var record = await crowd.RotateAsync(number, new Observer { Said = (kind, message) => messages.Enqueue($"{kind}: {message}") });
                    Assert.Equal(RotationState.Completed, record.State);
                },
                Scene.Ct)));
            var took = clock.Elapsed;
            TestContext.Current.TestOutputHelper!.WriteLine(
                $"{Size} rotations in {took.TotalSeconds:0.0} s; {messages.Count(IsRetry)} tries repeated; the application: {meddler.Statements} statements, {meddler.Collisions} collisions, "
                + $"longest {string.Join(", ", meddler.Longest.Select(pair => $"{pair.Key} {pair.Value.TotalMilliseconds:0} ms"))}");
            Assert.Empty(meddler.Failures);
            Assert.True(meddler.Statements > begun, "the application stood still");
            Assert.All(meddler.Longest, pair => Assert.True(pair.Value < LockTimeout + Busy, $"{pair.Key} took {pair.Value}"));
        }

        var live = await Task.WhenAll(Enumerable.Range(0, Size).Select(crowd.LiveAsync));
        Assert.Equal(Size, live.Select(login => login.Username).Except(crowd.Logins).Count());
        var after = await ReadAsync(crowd, live.Select(login => login.Username));
        foreach (var (old, @new) in before.Zip(after))
            Assert.Equal(old.Facts.ToHashSet(), @new.Facts.ToHashSet());
        Assert.All(await ReadAsync(crowd, crowd.Logins), login => Assert.False(login.Exists));
    }

    [Fact]
    public async Task Behind_a_long_query_the_application_waits_for_the_lock_timeout_at_most_and_the_move_is_tried_again()
    {
        await using var crowd = await Crowd.CreateAsync(postgres, 1, $"{LockTimeout.TotalMilliseconds}ms");
        var tries = new ConcurrentQueue<string>();
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var holder = await crowd.Database.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync(Scene.Ct);
        await RunAsync(holder, "SELECT * FROM own_0.t");
        var rotation = Task.Run(
            () => crowd.RotateAsync(0, new Observer
            {
                Said = (kind, message) =>
                {
                    if (kind != RotationMessageKind.Verbose || !message.Contains("own_0.t", StringComparison.Ordinal) || !IsRetry(message))
                        return;
                    tries.Enqueue(message);
                    if (tries.Count == 3)
                        waiting.TrySetResult();
                },
            }),
            Scene.Ct);

        // Others come and go all the time, each held up by a try of the rotation's at most, though the long query never ends.
        var longest = TimeSpan.Zero;
        await using (var other = await crowd.Database.OpenAsync())
        {
            while (!waiting.Task.IsCompleted)
            {
                Assert.False(rotation.IsCompleted, "the rotation did not wait");
                var started = Stopwatch.GetTimestamp();
                await RunAsync(other, "INSERT INTO own_0.t DEFAULT VALUES");
                if (Stopwatch.GetElapsedTime(started) is var took && took > longest)
                    longest = took;
            }
        }

        await transaction.CommitAsync(Scene.Ct);
        Assert.Equal(RotationState.Completed, (await rotation).State);
        TestContext.Current.TestOutputHelper!.WriteLine($"longest wait {longest.TotalMilliseconds:0} ms");
        Assert.InRange(longest, TimeSpan.FromMilliseconds(1), LockTimeout + Busy);
    }

    private static bool IsRetry(string message) => message.EndsWith("follows.", StringComparison.Ordinal);

    private static async Task<List<LoginSnapshot>> ReadAsync(Crowd crowd, IEnumerable<string> logins)
    {
        var server = crowd.Database.Server;
        await using var admin = await new PostgreSqlEngine().ConnectAdminAsync(
            PostgreSql.Room.CredentialFor(server, crowd.Database.Name, "nobody"), new(server.SuperUser, new(server.SuperPassword)), Scene.Ct);
        List<LoginSnapshot> snapshots = [];
        foreach (var login in logins)
            snapshots.Add(await admin.ReadSnapshotAsync(login, Scene.Ct));
        return snapshots;
    }

    private static async Task RunAsync(NpgsqlConnection session, string sql)
    {
#pragma warning disable CA2100
        await using var command = new NpgsqlCommand(sql, session);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Scene.Ct);
    }
}
