using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Nebula.Rotation.Engine.Tests.Workflow;

namespace Nebula.Rotation.Engine.Tests.Fleets;

/// <summary>Many credentials of one server in memory, over a real store.</summary>
public sealed class FleetTests
{
    private static readonly CancellationToken Never = CancellationToken.None;

    [Fact]
    public async Task Many_are_rotated_at_once_and_each_once()
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 24);
        var (atOnce, most) = (0, 0);
        var watcher = new FleetWatcher { Began = _ => most = Math.Max(most, ++atOnce) };
        watcher.Heard = _ => Task.FromResult(--atOnce >= 0);
        await using var service = new RotationService(world.Services());
        var summary = await service.RotateManyAsync(Fleet(Names(24), throttle: 6), watcher, Never);

        Assert.Equal((24, 0, 0, 0), (summary.Rotated, summary.Failed, summary.Skipped, summary.Draining));
        Assert.Equal(Names(24), summary.Results.Select(result => result.Credential));
        Assert.Equal(6, most);
        Assert.All(await world.Store.ListAsync(new() { Names = ["c*"] }, Never), credential => Assert.Equal(2, credential.Version));
        Assert.All(watcher.Observers.Values, observer => Assert.Equal(8, observer.Stages.Count));
    }

    [Fact]
    public async Task A_failure_stops_nothing_else_and_the_budget_stops_the_rest()
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 6);
        world.Server.Fault = statement => statement.StartsWith("create|c1_", StringComparison.Ordinal) || statement.StartsWith("create|c3_", StringComparison.Ordinal)
            ? new RotationException(RotationErrorCode.DatabaseError, "No.") : null;
        var watcher = new FleetWatcher();
        await using var service = new RotationService(world.Services());
        var summary = await service.RotateManyAsync(Fleet(Names(6), budget: 2), watcher, Never);
        Assert.Equal((2, 2, 2), (summary.Rotated, summary.Failed, summary.Skipped));
        Assert.Equal(["Rotated", "Failed", "Rotated", "Failed", "Skipped", "Skipped"], summary.Results.Select(result => result.Outcome.ToString()));
        Assert.Contains("-FailureBudget", summary.Results[^1].Message, StringComparison.Ordinal);
        Assert.Equal(1, (await world.Store.FindAsync("c1", "global", Never))!.Version);
    }

    [Fact]
    public async Task A_canary_that_fails_leaves_the_others_alone()
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 3);
        world.Server.Fault = statement => statement.StartsWith("create|c0_", StringComparison.Ordinal) ? new RotationException(RotationErrorCode.DatabaseError, "No.") : null;
        await using var service = new RotationService(world.Services());
        var summary = await service.RotateManyAsync(Fleet(Names(3), throttle: 3, canary: true), new FleetWatcher(), Never);
        Assert.Equal((0, 1, 2), (summary.Rotated, summary.Failed, summary.Skipped));
    }

    [Fact]
    public async Task One_that_is_not_there_fails_with_its_own_words()
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 1);
        await using var service = new RotationService(world.Services());
        var summary = await service.RotateManyAsync(Fleet(["nobody", "c0"]), new FleetWatcher(), Never);
        Assert.Equal(RotationErrorCode.CredentialNotFound, summary.Results[0].ErrorCode);
        Assert.Equal(FleetOutcome.Rotated, summary.Results[1].Outcome);
    }

    [Fact]
    public async Task A_caller_that_has_enough_after_a_failure_has_it_before_the_next_is_begun()
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 3);
        var watcher = new FleetWatcher { Heard = async _ => { await Task.Delay(30); return false; } };
        await using var service = new RotationService(world.Services());
        var summary = await service.RotateManyAsync(Fleet(Names(3)), watcher, Never);
        Assert.Equal((1, 2), (summary.Rotated, summary.Skipped));
        Assert.Equal(["begin c0", "Rotated c0", "Skipped c1", "Skipped c2"], watcher.Events);
    }

    [Fact]
    public async Task A_stop_ends_those_at_work_at_a_safe_point_and_begins_no_more()
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 6);
        using var stop = new CancellationTokenSource();
        world.Server.Applied = statement =>
        {
            if (statement.StartsWith("create", StringComparison.Ordinal))
                stop.Cancel();
        };
        await using var service = new RotationService(world.Services());
        var summary = await service.RotateManyAsync(Fleet(Names(6), throttle: 2), new FleetWatcher(), stop.Token);
        Assert.Equal(0, summary.Rotated);
        Assert.True(summary.Stopped is 1 or 2, summary.ToString());
        Assert.Equal(6, summary.Stopped + summary.Skipped);
        // Undone: each has its old login, and nothing else is there.
        Assert.All(await world.Store.ListAsync(new() { Names = ["c*"] }, Never), credential => Assert.Equal(1, credential.Version));
        Assert.Equal(8, world.Server.Names.Count);
    }

    [Fact]
    public async Task Of_a_pair_only_the_first_is_rotated_whichever_names_the_other()
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 3);
        await PairAsync(world, "c2", "C0");
        await using var service = new RotationService(world.Services());
        var summary = await service.RotateManyAsync(Fleet(Names(3)), new FleetWatcher(), Never);
        Assert.Equal(["Rotated", "Rotated", "Skipped"], summary.Results.Select(result => result.Outcome.ToString()));
        Assert.Contains("paired with 'c0'", summary.Results[2].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_admin_of_the_fleet_is_rotated_last()
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 2, adminName: "boss");
        world.Server.Add("boss", "boss-password");
        await AddOneAsync(world, "boss", "boss-password", adminName: null);
        var watcher = new FleetWatcher();
        await using var service = new RotationService(world.Services());
        await service.RotateManyAsync(Fleet(["boss", "c0", "c1"], throttle: 4), watcher, Never);
        var events = watcher.Events.ToList();
        Assert.True(events.IndexOf("begin boss") > Math.Max(events.IndexOf("Rotated c0"), events.IndexOf("Rotated c1")), string.Join(", ", events));
    }

    [Fact]
    public async Task What_another_runner_is_at_work_on_is_skipped_by_a_schedule_and_fails_otherwise()
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 1);
        var credential = (await world.Store.FindAsync("c0", "global", Never))!;
        await using var service = new RotationService(world.Services());
        _ = await world.Store.AcquireLeaseAsync(credential.Id, TimeSpan.FromMinutes(5), Never);
        Assert.Equal(1, (await service.RotateManyAsync(Fleet(["c0"], scheduled: true), new FleetWatcher(), Never)).Skipped);
        var summary = await service.RotateManyAsync(Fleet(["c0"]), new FleetWatcher(), Never);
        Assert.Equal(RotationErrorCode.LeaseHeld, Assert.Single(summary.Results).ErrorCode);
    }

    [Fact]
    public async Task What_another_runner_has_finished_meanwhile_is_skipped_by_a_schedule_not_counted_twice()
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 1);
        await using var service = new RotationService(world.Services());
        var left = await service.RotateAsync(new() { Name = "c0", NoWait = true }, new RecordingObserver(), Never);
        Assert.Equal(RotationState.Draining, left.State);
        // Two runners have seen it open.
        var fleet = new FleetRequest
        {
            IsScheduled = true,
            Members = [new() { Action = DueAction.Finish, Request = new() { Name = "c0", RotationId = left.RotationId, GracePeriod = TimeSpan.Zero } }],
        };
        Assert.Equal(1, (await service.RotateManyAsync(fleet, new FleetWatcher(), Never)).Rotated);
        var second = await service.RotateManyAsync(fleet, new FleetWatcher(), Never);
        Assert.Equal((0, 1), (second.Rotated, second.Skipped));
        Assert.Equal(RotationErrorCode.NotDue, Assert.Single(second.Results).ErrorCode);
    }

    [Theory]
    [InlineData(200, null)]
    [InlineData(500, "Warning: The webhook at 127.0.0.1 answered 500.")]
    public async Task The_summary_is_posted_without_a_secret_and_what_goes_wrong_there_is_a_warning(int status, string? warning)
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 2);
        world.Server.Fault = statement => statement.StartsWith("create|c1_", StringComparison.Ordinal) ? new RotationException(RotationErrorCode.DatabaseError, "No.") : null;
        using var listener = Listen(out var address);
        var posted = ReceiveAsync(listener, status);
        var watcher = new FleetWatcher();
        await using var service = new RotationService(world.Services());
        await service.RotateManyAsync(Fleet(Names(2), webhook: address), watcher, Never);
        var text = await posted;
        using var json = JsonDocument.Parse(text);
        Assert.Equal(1, json.RootElement.GetProperty("rotated").GetInt32());
        Assert.Equal(1, json.RootElement.GetProperty("failed").GetInt32());
        Assert.Equal("Failed", json.RootElement.GetProperty("results")[1].GetProperty("outcome").GetString());
        Assert.DoesNotContain("password", text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(warning is null ? [] : [warning], watcher.Messages);
    }

    [Theory]
    [InlineData("http://example.com/hook")]
    [InlineData("ftp://127.0.0.1/")]
    public async Task A_webhook_in_the_clear_is_refused_before_anything_is_done(string address)
    {
        await using var world = await World.CreateAsync("f");
        await AddAsync(world, 1);
        await using var service = new RotationService(world.Services());
        var exception = await Assert.ThrowsAsync<RotationException>(() => service.RotateManyAsync(Fleet(["c0"], webhook: new(address)), new FleetWatcher(), Never));
        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
        Assert.Equal(1, (await world.Store.FindAsync("c0", "global", Never))!.Version);
    }

    [Fact]
    public async Task A_webhook_that_nobody_answers_is_a_warning()
    {
        await using var world = await World.CreateAsync("f");
        await using var service = new RotationService(world.Services());
        var watcher = new FleetWatcher();
        // Bound and not listening: nobody answers, and nobody else can have the port meanwhile.
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await service.RotateManyAsync(Fleet([], webhook: new($"http://{silent.LocalEndPoint}/")), watcher, Never);
        Assert.Contains("could not be reached", Assert.Single(watcher.Messages), StringComparison.Ordinal);
    }

    internal static IReadOnlyList<string> Names(int count) => [.. Enumerable.Range(0, count).Select(index => $"c{index}")];

    internal static async Task AddAsync(World world, int count, string? adminName = null)
    {
        foreach (var name in Names(count))
        {
            world.Server.Add(name, $"{name}-password", ModelPlanner.Fact("f"));
            await AddOneAsync(world, name, $"{name}-password", adminName);
        }
    }

    internal static FleetRequest Fleet(
        IEnumerable<string> names, int throttle = 1, int? budget = null, bool canary = false, bool scheduled = false, Uri? webhook = null) => new()
    {
        Members = [.. names.Select(name => new FleetMember { Request = new() { Name = name, GracePeriod = TimeSpan.FromMilliseconds(10) } })],
        ThrottleLimit = throttle,
        FailureBudget = budget,
        Canary = canary,
        IsScheduled = scheduled,
        Webhook = webhook,
    };

    internal static async Task PairAsync(World world, string name, string partner, string? offset = null)
    {
        var option = new Dictionary<string, string> { ["PairWith"] = partner };
        if (offset is not null)
            option["Offset"] = offset;
        await world.Store.UpdateAsync((await world.Store.FindAsync(name, "global", Never))! with { Option = option }, null, null, Never);
    }

    private static Task<DatabaseCredential> AddOneAsync(World world, string name, string password, string? adminName) => world.Store.AddAsync(
        new()
        {
            Name = name,
            DatabaseType = DatabaseType.PostgreSql,
            HostName = ["model"],
            Port = 1,
            Database = "app",
            Username = name,
            AdminCredentialName = adminName,
            AdminUsername = adminName is null ? "postgres" : null,
        },
        new(name, new(password)),
        adminName is null ? new("postgres", new("admin-password")) : null,
        Never);

    private static async Task<string> ReceiveAsync(HttpListener listener, int status)
    {
        var context = await listener.GetContextAsync();
        using var reader = new StreamReader(context.Request.InputStream);
        var text = await reader.ReadToEndAsync();
        context.Response.StatusCode = status;
        context.Response.Close();
        return text;
    }

    /// <summary>It takes no port by itself; one that was free can be somebody's a moment later.</summary>
    private static HttpListener Listen(out Uri address)
    {
        for (var tries = 1; ; tries++)
        {
            var listener = new HttpListener();
            address = new Uri($"http://127.0.0.1:{FreePort()}/hook/");
            listener.Prefixes.Add(address.ToString());
            try
            {
                listener.Start();
                return listener;
            }
            catch (HttpListenerException) when (tries < 10)
            {
                listener.Close();
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
