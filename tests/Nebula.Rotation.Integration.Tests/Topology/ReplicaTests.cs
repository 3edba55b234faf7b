using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Topology;

/// <summary>A primary and a streaming replica: where changes go, what is proved where, and who is waited for.</summary>
public sealed class ReplicaTests(ReplicaPair pair) : IClassFixture<ReplicaPair>
{
    [Fact]
    public async Task Rotations_with_the_replica_named_first_fail_no_query_on_either_server()
    {
        var (scene, replica) = await SceneAsync();
        await using var _ = scene;
        await using (var writing = new Traffic(scene, workers: 2))
        await using (var reading = new Traffic(scene, workers: 2, login => ConnectAsync(replica, scene, login), ["SELECT n FROM seen", "SELECT count(*) FROM shared"]))
        {
            for (var round = 0; round < 3; round++)
            {
                await writing.FlowsAsync(15);
                await reading.FlowsAsync(15);
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
            }

            await writing.FlowsAsync(15);
            await reading.FlowsAsync(15);
            Assert.Empty(writing.Failures);
            Assert.Empty(reading.Failures);
        }

        Assert.Equal([(await scene.LiveAsync()).Username], await scene.LoginsAsync());
    }

    [Fact]
    public async Task The_login_is_proved_on_every_endpoint_and_the_message_counts_them()
    {
        var (scene, _) = await SceneAsync();
        await using var _1 = scene;
        var stages = new ConcurrentQueue<StageResult>();

        scene.Track(await scene.Service.RotateAsync(Scene.Request(), new Observer { Staged = stages.Enqueue }, Scene.Ct));

        Assert.Contains("2 endpoints", Assert.Single(stages, stage => stage.Stage == RotationStage.Verify).Message, StringComparison.Ordinal);
        Assert.Equal(2, (await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, Scene.Ct)).Count(result => result.Succeeded));
    }

    [Fact]
    public async Task Verification_waits_for_a_replica_that_lags_and_goes_on_when_it_has_caught_up()
    {
        var (scene, replica) = await SceneAsync();
        await using var _ = scene;
        var waiting = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await replica.ExecuteAsync("SELECT pg_wal_replay_pause()", ct: Scene.Ct);
        try
        {
            var rotation = scene.Service.RotateAsync(
                Scene.Request(),
                new Observer
                {
                    Progressed = progress =>
                    {
                        if (progress.Stage == RotationStage.Verify && progress.Activity.StartsWith("Waiting for", StringComparison.Ordinal))
                            waiting.TrySetResult(progress.Activity);
                    },
                },
                Scene.Ct);
            Assert.Contains($"127.0.0.1:{replica.Port}", await waiting.Task.WaitAsync(Eventually.Limit, Scene.Ct), StringComparison.Ordinal);
            Assert.False(rotation.IsCompleted);
            Assert.Equal(scene.OldLogin, (await scene.LiveAsync()).Username);

            await replica.ExecuteAsync("SELECT pg_wal_replay_resume()", ct: Scene.Ct);
            Assert.Equal(RotationState.Completed, scene.Track(await rotation).State);
        }
        finally
        {
            await replica.ExecuteAsync("SELECT pg_wal_replay_resume()", ct: CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_replica_that_never_catches_up_fails_verification_by_name_and_the_rotation_is_taken_back()
    {
        var (scene, replica) = await SceneAsync();
        await using var _ = scene;
        await using var impatient = Scene.NewService(
            await Scene.OpenStoreAsync(scene.StorePath), Scene.Timing with { VerifyBudget = TimeSpan.FromSeconds(1) });
        RotationException exception;
        await replica.ExecuteAsync("SELECT pg_wal_replay_pause()", ct: Scene.Ct);
        try
        {
            exception = await Assert.ThrowsAsync<RotationException>(() => impatient.RotateAsync(Scene.Request(), new Observer(), Scene.Ct));
        }
        finally
        {
            await replica.ExecuteAsync("SELECT pg_wal_replay_resume()", ct: CancellationToken.None);
        }

        Assert.Equal(RotationErrorCode.VerificationFailed, exception.Code);
        Assert.Contains($"127.0.0.1:{replica.Port}", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Rolled back", exception.Message, StringComparison.Ordinal);
        Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
        Assert.Equal(RotationState.RolledBack, Assert.Single(await scene.Store.ListRotationsAsync(new(), Scene.Ct)).State);
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
    }

    [Fact]
    public async Task The_drain_waits_for_a_session_that_only_the_replica_has_and_says_where_it_is()
    {
        var (scene, replica) = await SceneAsync();
        await using var _ = scene;
        var stages = new ConcurrentQueue<StageResult>();
        RotationRecord record;
        await using (var late = await ConnectAsync(replica, scene, await scene.LiveAsync()))
        {
            record = scene.Track(await scene.Service.RotateAsync(
                new() { Name = "app", GracePeriod = TimeSpan.FromMilliseconds(100), DrainTimeout = TimeSpan.FromSeconds(1) }, new Observer { Staged = stages.Enqueue }, Scene.Ct));
            Assert.Equal(RotationState.Draining, record.State);
            var drain = Assert.Single(stages, stage => stage.Stage == RotationStage.Drain);
            Assert.Contains($"1 session from 127.0.0.1 at 127.0.0.1:{replica.Port}", drain.Message, StringComparison.Ordinal);
            await ExecuteAsync(late, "SELECT n FROM seen");
        }

        var resumed = await scene.Service.ResumeAsync(new() { Name = "app", DrainTimeout = TimeSpan.FromSeconds(30) }, new Observer(), Scene.Ct);
        Assert.Equal(RotationState.Completed, resumed.State);
    }

    [Fact]
    public async Task Terminate_ends_the_sessions_on_the_replica_too()
    {
        var (scene, replica) = await SceneAsync();
        await using var _ = scene;
        await using var victim = await ConnectAsync(replica, scene, await scene.LiveAsync());
        await ExecuteAsync(victim, "SELECT n FROM seen");

        await scene.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, DrainTimeout = TimeSpan.Zero, OnDrainTimeout = DrainTimeoutAction.Terminate });

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ExecuteAsync(victim, "SELECT n FROM seen"));
        Assert.Equal([(await scene.LiveAsync()).Username], await scene.LoginsAsync());
    }

    [Fact]
    public async Task A_replica_that_cannot_be_asked_is_not_taken_for_quiet()
    {
        var (scene, replica) = await SceneAsync();
        await using var _ = scene;
        var draining = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var warned = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = await scene.ConnectAsync(await scene.LiveAsync());
        var rotation = scene.Service.RotateAsync(
            Scene.Request(),
            new Observer
            {
                Progressed = progress =>
                {
                    if (progress.Stage == RotationStage.Drain)
                        draining.TrySetResult();
                },
                Said = (kind, message) =>
                {
                    if (kind == RotationMessageKind.Warning && message.Contains("not known", StringComparison.Ordinal))
                        warned.TrySetResult(message);
                },
            },
            Scene.Ct);
        await draining.Task.WaitAsync(Eventually.Limit, Scene.Ct);
        await replica.StopAsync(ct: Scene.Ct);
        try
        {
            await late.DisposeAsync();
            Assert.Contains($"127.0.0.1:{replica.Port}", await warned.Task.WaitAsync(Eventually.Limit, Scene.Ct), StringComparison.Ordinal);
            // Ten times the quiet time.
            await Task.Delay(TimeSpan.FromSeconds(1), Scene.Ct);
            Assert.False(rotation.IsCompleted);
            Assert.Contains(scene.OldLogin, await scene.LoginsAsync());
        }
        finally
        {
            await replica.StartAgainAsync(CancellationToken.None);
        }

        Assert.Equal(RotationState.Completed, scene.Track(await rotation).State);
    }

    [Fact]
    public async Task The_door_is_not_closed_before_the_replica_has_closed_it_too()
    {
        var (scene, replica) = await SceneAsync();
        await using var _ = scene;
        var reopened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            var rotation = scene.Service.RotateAsync(
                Scene.Request(),
                new Observer
                {
                    Staged = stage =>
                    {
                        // Everything was proved on both; from here on the replica hears nothing more.
                        if (stage.Stage == RotationStage.Publish)
                            replica.ExecuteAsync("SELECT pg_wal_replay_pause()", ct: Scene.Ct).GetAwaiter().GetResult();
                    },
                    Said = (_, message) =>
                    {
                        if (message.Contains("let in again", StringComparison.Ordinal) && message.Contains("has not replayed", StringComparison.Ordinal))
                            reopened.TrySetResult();
                    },
                },
                Scene.Ct);
            await reopened.Task.WaitAsync(Eventually.Limit, Scene.Ct);
            Assert.False(rotation.IsCompleted);
            await replica.ExecuteAsync("SELECT pg_wal_replay_resume()", ct: Scene.Ct);
            Assert.Equal(RotationState.Completed, scene.Track(await rotation).State);
        }
        finally
        {
            await replica.ExecuteAsync("SELECT pg_wal_replay_resume()", ct: CancellationToken.None);
        }
    }

    [Fact]
    public async Task Preflight_names_the_endpoint_that_the_admin_cannot_ask_and_what_a_move_does_to_long_queries()
    {
        var (scene, replica) = await SceneAsync();
        await using var _ = scene;
        var plan = await scene.Service.PlanAsync(new() { Name = "app" }, Scene.Ct);
        Assert.True(plan.CanRotate, string.Join("; ", plan.Blockers));
        Assert.Contains(plan.Warnings, warning => warning.Contains($"127.0.0.1:{replica.Port}", StringComparison.Ordinal) && warning.Contains("max_standby_streaming_delay", StringComparison.Ordinal));

        using var nobody = NobodysPort();
        var (primary, admin) = (scene.Database.Server, new Login(scene.Database.Server.SuperUser, new(scene.Database.Server.SuperPassword)));
        var credential = scene.Credential with { HostName = [.. scene.Credential.HostName, $"127.0.0.1:{((IPEndPoint)nobody.LocalEndPoint!).Port}"], ConnectionTimeout = TimeSpan.FromSeconds(5) };
        await using var connection = await new PostgreSqlEngine().ConnectAdminAsync(credential, admin, Scene.Ct);
        var preflight = await connection.PreflightAsync(credential, await connection.ReadSnapshotAsync(scene.OldLogin, Scene.Ct), Scene.Ct);
        Assert.Contains(credential.HostName[^1], Assert.Single(preflight.Blockers).ObjectName, StringComparison.Ordinal);
        Assert.Equal($"127.0.0.1:{primary.Port}", connection.Endpoint);
    }

    private async Task<(Scene Scene, PostgresServer Replica)> SceneAsync()
    {
        var (primary, replica) = await pair.ServersAsync();
        var scene = await Scene.CreateAsync(primary, change: async credential =>
        {
            await replica.CatchUpAsync(primary, Scene.Ct);
            // The replica first, and the primary by a port of its own.
            return credential with { HostName = [$"127.0.0.1:{replica.Port}", $"127.0.0.1:{primary.Port}"], Port = 5432 };
        });
        return (scene, replica);
    }

    private static async Task<NpgsqlConnection> ConnectAsync(PostgresServer server, Scene scene, Login login) =>
        await server.OpenAsync(scene.Database.Name, login.Username, login.Password.Reveal(), Scene.Ct);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // Texts of this class.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Scene.Ct);
    }

    /// <summary>A port that is taken, so that nobody else gets it meanwhile, and at which nobody listens.</summary>
    internal static Socket NobodysPort()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }
}
