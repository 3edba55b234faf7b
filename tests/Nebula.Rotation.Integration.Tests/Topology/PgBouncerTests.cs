using System.Globalization;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Topology;

/// <summary>The application comes through a PgBouncer in transaction mode, and the admin past it.</summary>
public sealed class PgBouncerTests(PgBouncerTests.Pair pair) : IClassFixture<PgBouncerTests.Pair>
{
    private const int HeldAtOnce = 3;

    [Fact]
    public async Task Rotations_and_an_undo_fail_no_query_that_comes_through_the_bouncer()
    {
        var (scene, bouncer) = await SceneAsync();
        await using var _ = scene;
        await using var _1 = bouncer;
        var old = await scene.LiveAsync();
        await using (var traffic = new Traffic(scene, connect: login => ConnectAsync(bouncer, scene, login)))
        {
            await traffic.FlowsAsync(30);
            var first = await scene.RotateAsync();
            Assert.Equal(RotationState.Completed, first.State);
            await traffic.FlowsAsync(30);

            var draining = await scene.RotateAsync(Scene.Request(noWait: true));
            await traffic.FlowsAsync(30);
            Assert.Equal(draining.NewUsername, (await scene.LiveAsync()).Username);
            Assert.Contains(await bouncer.AskAsync("SHOW POOLS", Scene.Ct), line => line.StartsWith($"{scene.Database.Name}|{draining.NewUsername}|", StringComparison.Ordinal));

            Assert.Equal(RotationState.Completed, (await scene.Service.UndoAsync(Scene.Request(), new Observer(), Scene.Ct)).State);
            Assert.Equal(first.NewUsername, (await scene.LiveAsync()).Username);
            await traffic.FlowsAsync(30);
            Assert.Empty(traffic.Failures);
        }

        Assert.Equal([(await scene.LiveAsync()).Username], await scene.LoginsAsync());
        await Assert.ThrowsAsync<PostgresException>(() => ConnectAsync(bouncer, scene, old));
    }

    [Fact]
    public async Task A_name_that_comes_back_with_another_password_fails_no_query_either()
    {
        var (scene, bouncer) = await SceneAsync();
        await using var _ = scene;
        await using var _1 = bouncer;
        await using (var traffic = new Traffic(scene, connect: login => ConnectAsync(bouncer, scene, login)))
        {
            for (var flip = 0; flip < 3; flip++)
            {
                await traffic.FlowsAsync(20);
                await scene.RotateAsync(new() { Name = "app", Strategy = RotationStrategy.AlternatingUsers, GracePeriod = TimeSpan.FromMilliseconds(100) });
            }

            await traffic.FlowsAsync(20);
            Assert.Empty(traffic.Failures);
        }

        Assert.Equal(scene.OldLogin + "_b", (await scene.LiveAsync()).Username);
    }

    [Fact]
    public async Task The_drain_sees_on_the_server_what_the_bouncer_holds_for_a_client()
    {
        var (scene, bouncer) = await SceneAsync();
        await using var _ = scene;
        await using var _1 = bouncer;
        var holders = new List<NpgsqlConnection>();
        try
        {
            for (var i = 0; i < HeldAtOnce; i++)
            {
                var holder = await ConnectAsync(bouncer, scene, await scene.LiveAsync());
                holders.Add(holder);
                // In transaction mode a client has a session of the server for as long as its transaction lasts.
                await using var command = new NpgsqlCommand("BEGIN; SELECT n FROM seen", holder);
                await command.ExecuteNonQueryAsync(Scene.Ct);
            }

            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var rotation = scene.Service.RotateAsync(
                Scene.Request(),
                new Observer
                {
                    Progressed = progress =>
                    {
                        if (progress.Stage == RotationStage.Drain && progress.Activity.Contains(string.Create(CultureInfo.InvariantCulture, $"{HeldAtOnce} sessions"), StringComparison.Ordinal))
                            seen.TrySetResult();
                    },
                },
                Scene.Ct);
            await seen.Task.WaitAsync(Eventually.Limit, Scene.Ct);
            Assert.False(rotation.IsCompleted);

            foreach (var holder in holders)
                await holder.CloseAsync();
            // The sessions end by server_idle_timeout, which is 1 s here.
            Assert.Equal(RotationState.Completed, scene.Track(await rotation).State);
        }
        finally
        {
            foreach (var holder in holders)
                await holder.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_login_that_the_bouncer_does_not_let_in_is_not_published_and_the_old_one_stays_live()
    {
        var (scene, bouncer) = await SceneAsync(PgBouncerAuthentication.UserList);
        await using var _ = scene;
        await using var _1 = bouncer;

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => Scene.NewService(scene.Store, Scene.Timing with { VerifyBudget = TimeSpan.FromSeconds(2) }).RotateAsync(Scene.Request(), new Observer(), Scene.Ct));

        Assert.Equal(RotationErrorCode.VerificationFailed, exception.Code);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{bouncer.Port}"), exception.Message, StringComparison.Ordinal);
        Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
        await using var connection = await ConnectAsync(bouncer, scene, await scene.LiveAsync());
    }

    [Fact]
    public async Task The_login_is_proved_at_the_bouncer_and_at_the_server_which_may_let_it_in_from_the_bouncer_only()
    {
        var (scene, bouncer) = await SceneAsync();
        await using var _ = scene;
        await using var _1 = bouncer;
        var server = scene.Database.Server;

        var results = await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, Scene.Ct);
        Assert.Equal(new[] { bouncer.Port, server.Port }.Select(port => $"127.0.0.1:{port}").Order(), results.Select(result => result.Endpoint).Order());
        Assert.All(results, result => Assert.True(result.Succeeded, result.Message));

        // This server's pg_hba.conf lets nobody but its superuser in through the socket.
        await scene.Service.ChangeAsync(
            "app",
            DatabaseCredential.DefaultScope,
            new() { Apply = credential => credential with { Option = new Dictionary<string, string> { ["AdminHostName"] = server.DataDirectory, ["AdminPort"] = $"{server.Port}" } } },
            Scene.Ct);
        Assert.Equal($"127.0.0.1:{bouncer.Port}", Assert.Single(await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, Scene.Ct)).Endpoint);
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
    }

    private static Task<NpgsqlConnection> ConnectAsync(PgBouncerServer bouncer, Scene scene, Login login) =>
        bouncer.OpenAsync(scene.Database.Name, login.Username, login.Password.Reveal(), Scene.Ct);

    private async Task<(Scene Scene, PgBouncerServer Bouncer)> SceneAsync(PgBouncerAuthentication authentication = PgBouncerAuthentication.Query)
    {
        var server = await pair.ServerAsync();
        var bouncer = await ServerRequirement.OrSkip(() => PgBouncerServer.StartAsync(new(server) { Authentication = authentication }, Scene.Ct), Assert.Skip);
        try
        {
            var scene = await Scene.CreateAsync(
                server,
                password: "Old-Password.1",
                change: async credential =>
                {
                    if (authentication == PgBouncerAuthentication.Query)
                        await bouncer.AllowLookupAsync(credential.Database, Scene.Ct);
                    else
                        await bouncer.WriteUserListAsync(new Dictionary<string, string> { [credential.Username] = "Old-Password.1" }, Scene.Ct);
                    await bouncer.ReloadAsync(Scene.Ct);
                    return credential with
                    {
                        HostName = [bouncer.Host],
                        Port = bouncer.Port,
                        Option = new Dictionary<string, string> { ["AdminHostName"] = server.Host, ["AdminPort"] = $"{server.Port}" },
                    };
                });
            return (scene, bouncer);
        }
        catch
        {
            await bouncer.DisposeAsync();
            throw;
        }
    }

    /// <summary>A server whose socket is for its superuser only; each test has its bouncer.</summary>
    public sealed class Pair : IAsyncLifetime
    {
        private readonly Lazy<Task<PostgresServer>> _server = new(() => PostgresServer.StartAsync(new() { HostBasedAuthentication = ["local all postgres scram-sha-256", "local all all reject"] }));

        public Task<PostgresServer> ServerAsync() => ServerRequirement.OrSkip(() => _server.Value, Assert.Skip);

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            if (_server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
                await (await _server.Value).DisposeAsync();
        }
    }
}
