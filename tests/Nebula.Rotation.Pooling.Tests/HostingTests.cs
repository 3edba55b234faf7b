using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Nebula.Rotation.Hosting;
using Nebula.Rotation.Pooling.Sources;
using Nebula.Rotation.Pooling.Tests.Databases;

namespace Nebula.Rotation.Pooling.Tests;

/// <summary>A host that rotates.</summary>
public sealed class HostingTests(PostgreSqlDatabase database)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_rotates_what_is_due_while_its_application_works()
    {
        var login = await database.NewLoginAsync();
        var path = NewPath();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddNebulaRotation(Options(path) with { CheckInterval = TimeSpan.FromMilliseconds(200) });
        using var host = builder.Build();
        var manager = host.Services.GetRequiredService<RotationManager>();
        var described = database.Describe("orders", login.Login);
        described = new NewCredential { Credential = described.Credential with { RotationInterval = TimeSpan.FromSeconds(2) }, Login = described.Login, Admin = described.Admin };
        var registered = await manager.RegisterAsync(described, Cancellation);
        // As at the host's next start.
        Assert.Equal(registered.Id, (await manager.RegisterAsync(described, Cancellation)).Id);

        await using var source = await RotatingDataSource.StartAsync(
            await StoreLoginSource.OpenAsync(path, "orders", cancellationToken: Cancellation), database.Open, new() { PollInterval = TimeSpan.FromSeconds(1) }, Cancellation);
        using var attachment = manager.Attach("orders", source);
        await using var traffic = new Traffic(source, workers: 4);
        await host.StartAsync(Cancellation);
        await Eventually.HoldsAsync(() => source.Login.Version >= 3, "two rotations");
        await traffic.FlowsAsync(100);
        await host.StopAsync(Cancellation);
        Assert.Empty(traffic.Failures);
        Assert.NotEqual(login.Username, source.Username);
    }

    [Fact]
    public async Task One_that_fails_keeps_no_other_from_its_turn_and_waits_before_it_is_tried_again()
    {
        await using var manager = new RotationManager(Options(NewPath()) with { Every = TimeSpan.FromMilliseconds(1) }, NullLogger<RotationManager>.Instance);
        foreach (var name in new[] { "broken", "orders" })
        {
            var described = database.Describe(name, (await database.NewLoginAsync()).Login);
            await manager.RegisterAsync(
                name == "orders" ? described : new NewCredential { Credential = described.Credential, Login = described.Login }, Cancellation);
        }

        var all = await manager.RotateAllAsync(Cancellation);
        Assert.Equal([("broken", false), ("orders", true)], all.Select(outcome => (outcome.Credential, outcome.Succeeded)));
        Assert.Equal(RotationErrorCode.AdminCredentialRequired, all[0].Error!.Code);
        Assert.Equal(RotationState.Completed, all[1].Record!.State);

        var due = await manager.RotateDueAsync(Cancellation);
        Assert.Equal(["orders"], due.Select(outcome => outcome.Credential));
        await Assert.ThrowsAsync<RotationException>(() => manager.RotateAsync("nobody", Cancellation));
        Assert.Equal(4, (await manager.RotateAsync("orders", Cancellation)).Record!.ToVersion);
    }

    private static string NewPath() => Path.Combine(Directory.CreateTempSubdirectory("nebula-hosting-").FullName, "store.db");

    private static RotationHostingOptions Options(string path) => new()
    {
        Store = path,
        CreateStoreIfMissing = true,
        Request = credential => new RotationRequest { Name = credential.Name, Scope = credential.Scope, GracePeriod = TimeSpan.FromMilliseconds(500) },
    };
}
