using System.Security.Cryptography.X509Certificates;
using MongoDB.Bson;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.MongoDb;
using Nebula.Rotation.Integration.Tests.MongoDb.Wire;
using Nebula.Rotation.Integration.Tests.Topology;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Integration.Tests.MongoDb;

/// <summary>What no container can be made to do at the right moment: a primary that steps down in the middle, a member that lags, an answer that is lost.</summary>
public sealed class MongoStandInTests
{
    public static TheoryData<string> Changes => ["createUser", "updateUser", "dropUser"];

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_primary_that_steps_down_in_the_middle_costs_nothing(string command) =>
        await RotateThroughFaultAsync(command, WireFault.StepsDown);

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task An_answer_that_is_lost_while_the_primary_steps_down_costs_nothing(string command) =>
        await RotateThroughFaultAsync(command, WireFault.StepsDownAfter);

    [Theory]
    [InlineData("createUser")]
    [InlineData("usersInfo")]
    public async Task A_connection_that_breaks_costs_nothing(string command)
    {
        await RotateThroughFaultAsync(command, WireFault.BreaksAfter);
        await RotateThroughFaultAsync(command, WireFault.BreaksBefore);
    }

    [Fact]
    public async Task A_member_that_lags_is_waited_for_before_anybody_is_sent_there()
    {
        await using var cluster = NewCluster(new() { Members = 3 }, out var admin);
        await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin));
        cluster.Nodes[2].IsHeld = true;
        var waited = false;
        var observer = new Observer
        {
            Progressed = progress =>
            {
                if (!progress.Activity.Contains($"Waiting for {cluster.Nodes[2].Name}", StringComparison.Ordinal))
                    return;
                Assert.Equal(scene.OldLogin, scene.LiveAsync().GetAwaiter().GetResult().Username);
                waited = true;
                cluster.Nodes[2].IsHeld = false;
            },
        };

        Assert.Equal(RotationState.Completed, (await scene.RotateAsync(observer: observer)).State);
        Assert.True(waited);
    }

    [Fact]
    public async Task Every_member_that_a_client_may_read_from_is_verified_though_only_one_is_named()
    {
        await using var cluster = NewCluster(new() { Members = 3 }, out var admin);
        await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin), change: credential => credential with { HostName = [cluster.Nodes[1].Name] });

        var checks = await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, MongoScene.Ct);

        Assert.Equal(cluster.Nodes.Select(node => node.Name).Order(StringComparer.Ordinal), checks.Select(check => check.Endpoint).Order(StringComparer.Ordinal));
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
    }

    [Fact]
    public async Task A_server_without_grants_restrictions_and_an_answer_for_nobody_is_rotated_all_the_same()
    {
        await using var cluster = NewCluster(new() { IsCompatible = true }, out var admin);
        var server = MongoServer.Of(cluster, admin);
        await using var scene = await MongoScene.CreateAsync(
            server, change: credential => credential with { Strategy = RotationStrategy.AlternatingUsers }, user: new("roles", new BsonArray { MongoScene.Role("readWrite", "db") }));
        await scene.RotateAsync();
        await scene.AdminAsync(new() { { "updateUser", (await scene.LiveAsync()).Username }, { "roles", new BsonArray { MongoScene.Role("read", "db"), MongoScene.Role("read", "db2") } } });
        await scene.RotateAsync();

        Assert.Equal(scene.OldLogin, (await scene.LiveAsync()).Username);
        Assert.Equal(["read in db", "read in db2"], (await scene.SnapshotAsync(scene.OldLogin)).Facts.Where(fact => fact.Kind == "Role").Select(fact => $"{fact.Name} in {fact.Database}"));
        Assert.False((await scene.SnapshotAsync("nobody")).Exists);
    }

    [Fact]
    public async Task Routers_forget_a_user_that_was_blocked_or_given_another_password()
    {
        await using var cluster = NewCluster(new() { Members = 2, AreRouters = true }, out var admin);
        await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin), change: credential => credential with { Strategy = RotationStrategy.AlternatingUsers });
        await using (var traffic = new MongoTraffic(scene))
        {
            for (var turn = 0; turn < 3; turn++)
            {
                var old = await scene.LiveAsync();
                await traffic.FlowsAsync(4);
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
                foreach (var router in cluster.Nodes)
                {
                    var check = await scene.Engine.CheckLoginAsync(scene.Credential with { HostName = [router.Name] }, old, null, MongoScene.Ct);
                    Assert.False(Assert.Single(check).Succeeded, $"{router.Name} lets '{old.Username}' in");
                }
            }

            Assert.Empty(traffic.Failures);
        }
    }

    [Theory]
    [InlineData(SslMode.Prefer, true, true)]
    [InlineData(SslMode.Require, true, true)]
    [InlineData(SslMode.VerifyCA, true, true)]
    [InlineData(SslMode.VerifyFull, true, false)]
    [InlineData(SslMode.VerifyCA, false, false)]
    [InlineData(SslMode.Disable, true, false)]
    public async Task Over_TLS_each_mode_looks_at_what_it_says(SslMode mode, bool isTrusted, bool succeeds)
    {
        using var authority = new TestAuthority("the authority");
        using var foreign = new TestAuthority("another");
        // It names another host than the one that is dialled.
        using var certificate = ToCertificate(authority.Issue("db.example.net"));
        await using var cluster = NewCluster(new() { Certificate = certificate }, out var admin);
        var pem = Path.GetTempFileName();
        await File.WriteAllTextAsync(pem, (isTrusted ? authority : foreign).Pem, MongoScene.Ct);
        try
        {
            var server = MongoServer.Of(cluster, admin) with { SslMode = SslMode.Require };
            await using var scene = await MongoScene.CreateAsync(server);
            var credential = scene.Credential with { SslMode = mode, CACertificate = pem, ConnectionTimeout = TimeSpan.FromSeconds(succeeds ? 20 : 3) };

            var check = Assert.Single(await scene.Engine.CheckLoginAsync(credential, await scene.LiveAsync(), null, MongoScene.Ct));

            Assert.True(check.Succeeded == succeeds, check.Message);
            if (!succeeds)
                Assert.Equal(RotationErrorCode.ServerUnreachable, check.ErrorCode);
        }
        finally
        {
            File.Delete(pem);
        }
    }

    [Fact]
    public async Task Over_TLS_with_a_certificate_that_fits_a_rotation_needs_no_other_help()
    {
        using var authority = new TestAuthority("the authority");
        using var certificate = ToCertificate(authority.Issue("127.0.0.1"));
        await using var cluster = NewCluster(new() { Certificate = certificate, Members = 3 }, out var admin);
        var pem = Path.GetTempFileName();
        await File.WriteAllTextAsync(pem, authority.Pem, MongoScene.Ct);
        try
        {
            await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin) with { SslMode = SslMode.VerifyFull, CACertificate = pem });
            Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
        }
        finally
        {
            File.Delete(pem);
        }
    }

    [Fact]
    public async Task A_set_of_another_name_a_secondary_alone_and_a_member_that_leads_nowhere_are_said()
    {
        await using var cluster = NewCluster(new() { Members = 2, MissingMember = "elsewhere.invalid:27017" }, out var admin);
        var credential = new DatabaseCredential
        {
            Name = "app",
            DatabaseType = DatabaseType.MongoDb,
            HostName = [cluster.Nodes[1].Name],
            Port = 27017,
            Database = "db",
            Username = admin.Username,
            SslMode = SslMode.Disable,
        };
        var engine = new MongoDbEngine();
        async Task<IReadOnlyList<CredentialTestResult>> CheckAsync(string option, string value) =>
            await engine.CheckLoginAsync(credential with { Option = new Dictionary<string, string> { [option] = value } }, admin, null, MongoScene.Ct);

        var misnamed = (await CheckAsync("ReplicaSet", "other")).Single(check => check.Endpoint == cluster.Nodes[1].Name);
        Assert.Equal(RotationErrorCode.InvalidArgument, misnamed.ErrorCode);
        Assert.Contains("'rs0', not 'other'", misnamed.Message, StringComparison.Ordinal);

        var missing = Assert.Single(await CheckAsync("ReplicaSet", "rs0"), check => !check.Succeeded);
        Assert.Equal(RotationErrorCode.ServerUnreachable, missing.ErrorCode);
        Assert.Contains("DirectConnection", missing.Message, StringComparison.Ordinal);

        var direct = new Dictionary<string, string> { ["DirectConnection"] = "true" };
        Assert.True(Assert.Single(await CheckAsync("DirectConnection", "true")).Succeeded);
        var exception = await Assert.ThrowsAsync<RotationException>(() => engine.ConnectAdminAsync(credential with { Option = direct }, admin, MongoScene.Ct));
        Assert.Contains($"not the primary, which is {cluster.Nodes[0].Name}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_say_whose_idle_connections_are_is_not_believed_that_there_are_none()
    {
        await using var cluster = NewCluster(new() { HidesIdleUsers = true }, out var admin);
        await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin));
        var late = scene.Server.Connect(await scene.LiveAsync(), scene.AuthSource);
        await scene.FindAsync(late);
        var said = new System.Collections.Concurrent.ConcurrentQueue<string>();

        var record = await scene.RotateAsync(
            new() { Name = "app", GracePeriod = TimeSpan.Zero, DrainTimeout = TimeSpan.FromMilliseconds(300) }, new Observer { Said = (_, message) => said.Enqueue(message) });

        Assert.Equal(RotationState.Draining, record.State);
        Assert.Contains(said, message => message.Contains("does not say who is logged in on a connection that is idle", StringComparison.Ordinal));
        await scene.FindAsync(late);
        MongoScene.Close(late);
    }

    [Fact]
    public async Task An_idle_user_that_was_locked_out_comes_back_with_its_own_restrictions()
    {
        await using var cluster = NewCluster(new(), out var admin);
        await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin), change: credential => credential with { Strategy = RotationStrategy.AlternatingUsers });
        var before = (await scene.SnapshotAsync(scene.OldLogin)).Facts.ToHashSet();
        var late = scene.Server.Connect(await scene.LiveAsync(), scene.AuthSource);
        await scene.FindAsync(late);
        await scene.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, DrainTimeout = TimeSpan.Zero, OnDrainTimeout = DrainTimeoutAction.Terminate });
        Assert.Equal("192.0.2.1", cluster.Users[("admin", scene.OldLogin)].Restrictions[0]["clientSource"][0]);
        await Assert.ThrowsAnyAsync<MongoDB.Driver.MongoCommandException>(() => scene.FindAsync(late));
        MongoScene.Close(late);

        await scene.RotateAsync();

        var live = await scene.LiveAsync();
        Assert.Equal(scene.OldLogin, live.Username);
        Assert.True(await scene.LogsInAsync(live.Username, live.Password.Reveal()));
        Assert.Equal(before, (await scene.SnapshotAsync(scene.OldLogin)).Facts.ToHashSet());
        Assert.Equal("127.0.0.0/8", cluster.Users[("admin", scene.OldLogin)].Restrictions[0]["clientSource"][0]);
    }

    [Fact]
    public async Task Where_no_TLS_is_offered_prefer_does_without()
    {
        await using var cluster = NewCluster(new() { Members = 2 }, out var admin);
        await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin) with { SslMode = SslMode.Prefer });

        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
    }

    [Fact]
    public async Task Passwords_go_to_another_machine_over_TLS_or_by_leave_only()
    {
        await using var cluster = NewCluster(new() { Members = 2, MissingMember = "elsewhere.invalid:27017" }, out var admin);
        var engine = new MongoDbEngine();
        foreach (var allowed in new[] { "", "ClearText" })
        {
            var credential = new DatabaseCredential
            {
                Name = "app",
                DatabaseType = DatabaseType.MongoDb,
                HostName = [cluster.Nodes[0].Name],
                Port = 27017,
                Database = "db",
                Username = admin.Username,
                SslMode = SslMode.Disable,
                Option = new Dictionary<string, string> { ["Allow"] = allowed },
            };
            await using var connection = await engine.ConnectAdminAsync(credential, admin, MongoScene.Ct);
            var preflight = await connection.PreflightAsync(credential, await connection.ReadSnapshotAsync(admin.Username, MongoScene.Ct), MongoScene.Ct);

            Assert.Empty(preflight.MissingRights);
            Assert.Equal(allowed.Length > 0 ? [] : ["server elsewhere.invalid:27017"], preflight.Blockers.Select(blocker => blocker.ObjectName));
            // Nor is it known who is connected there.
            Assert.Equal(["elsewhere.invalid:27017"], (await connection.ListSessionsAsync(admin.Username, MongoScene.Ct)).Unasked.Select(unasked => unasked.Endpoint));
        }
    }

    [Fact]
    public async Task A_command_that_is_refused_in_the_middle_leaves_the_password_in_no_exception_message_or_record()
    {
        await using var cluster = NewCluster(new(), out var admin);
        await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin));
        var password = "";
        cluster.Fault = (_, document) =>
        {
            if (document.GetElement(0).Name == "createUser")
            {
                password = document["pwd"].AsString;
                cluster.Roles.Remove(("admin", $"{scene.Database} shared \"role\""));
            }

            return WireFault.None;
        };
        var said = new System.Collections.Concurrent.ConcurrentQueue<string>();

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync(observer: new Observer { Said = (_, message) => said.Enqueue(message), Staged = stage => said.Enqueue(stage.Message) }));

        Assert.Equal(RotationErrorCode.CreateLoginFailed, exception.Code);
        Assert.Contains("Could not find role", exception.Message, StringComparison.Ordinal);
        Assert.Contains("\"pwd\" : '***'", exception.Message, StringComparison.Ordinal);
        Assert.True(password.Length >= 32);
        var records = await scene.Store.ListRotationsAsync(new(), MongoScene.Ct);
        Assert.All([exception.ToString(), .. said, .. records.Select(record => record.Message ?? "")], text => Assert.DoesNotContain(password, text, StringComparison.Ordinal));
        for (Exception? inner = exception; inner is not null; inner = inner.InnerException)
            Assert.DoesNotContain("MongoDB.Driver", inner.GetType().FullName, StringComparison.Ordinal);
        Assert.True(await scene.LogsInAsync(scene.OldLogin, MongoScene.OldPassword));
        Assert.Equal([scene.OldLogin], await scene.UsersAsync());
    }

    [Theory]
    [InlineData("SCRAM-SHA-1")]
    [InlineData("SCRAM-SHA-256")]
    public async Task The_catalog_tells_whether_a_password_is_a_users(string mechanism)
    {
        await using var cluster = NewCluster(new(), out var admin);
        await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin), user: new() { { "roles", new BsonArray() }, { "mechanisms", new BsonArray { mechanism } } });
        await using var connection = await scene.Engine.ConnectAdminAsync(scene.Credential, admin, MongoScene.Ct);

        Assert.True(await connection.KnowsPasswordAsync(new(scene.OldLogin, new(MongoScene.OldPassword)), MongoScene.Ct));
        Assert.False(await connection.KnowsPasswordAsync(new(scene.OldLogin, new("another")), MongoScene.Ct));
        Assert.Null(await connection.KnowsPasswordAsync(new("nobody", new("another")), MongoScene.Ct));
    }

    [Fact]
    public async Task A_role_that_is_gone_is_named_before_anything_is_touched()
    {
        await using var cluster = NewCluster(new(), out var admin);
        await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin));
        // As if by hand: dropRole would take it from its users.
        cluster.Roles.Remove(("admin", $"{scene.Database} shared \"role\""));

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());

        Assert.Equal(RotationErrorCode.PlanBlocked, exception.Code);
        Assert.Contains("shared \"role\"@admin", exception.Message, StringComparison.Ordinal);
        Assert.Equal([scene.OldLogin], await scene.UsersAsync());
    }

    [Fact]
    public async Task What_is_no_MongoDB_and_what_is_not_there_is_said_at_once()
    {
        await using var cluster = NewCluster(new(), out var admin);
        await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin));
        using var nobody = ReplicaTests.NobodysPort();
        var port = ((System.Net.IPEndPoint)nobody.LocalEndPoint!).Port;

        var clock = System.Diagnostics.Stopwatch.StartNew();
        var check = Assert.Single(await scene.Engine.CheckLoginAsync(scene.Credential with { HostName = [$"127.0.0.1:{port}"] }, await scene.LiveAsync(), null, MongoScene.Ct));
        Assert.Equal(RotationErrorCode.ServerUnreachable, check.ErrorCode);
        Assert.True(clock.Elapsed < scene.Credential.ConnectionTimeout, $"{clock.Elapsed}");
    }

    private static WireCluster NewCluster(WireOptions options, out Login admin)
    {
        admin = SharedMongo.NewAdmin();
        return WireCluster.Start(options, admin.Username, admin.Password.Reveal());
    }

    private static X509Certificate2 ToCertificate((string CertificatePem, string KeyPem) issued)
    {
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }

    /// <summary>One command of the tool's meets the fault once, while an application works.</summary>
    private static async Task RotateThroughFaultAsync(string command, WireFault fault)
    {
        await using var cluster = NewCluster(new() { Members = 3 }, out var admin);
        await using var scene = await MongoScene.CreateAsync(MongoServer.Of(cluster, admin));
        var before = (await scene.SnapshotAsync(scene.OldLogin)).Facts.ToHashSet();
        var met = 0;
        cluster.Fault = (_, document) => document.GetElement(0).Name == command && Interlocked.Increment(ref met) == 1 ? fault : WireFault.None;

        var record = await scene.RotateAsync();

        Assert.True(met > 1, $"{command} was sent {met} times");
        Assert.Equal(RotationState.Completed, record.State);
        var live = await scene.LiveAsync();
        Assert.Equal([live.Username], await scene.UsersAsync());
        Assert.Equal(before, (await scene.SnapshotAsync(live.Username)).Facts.ToHashSet());
        Assert.True(await scene.LogsInAsync(live.Username, live.Password.Reveal()));
    }
}
