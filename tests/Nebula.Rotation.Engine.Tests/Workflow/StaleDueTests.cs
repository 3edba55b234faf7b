namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>Several runners find the same credential due; the lease lets one of them at it, and the others see that it is done.</summary>
public sealed class StaleDueTests
{
    [Fact]
    public async Task A_credential_that_another_run_has_rotated_since_it_was_found_due_is_left_alone()
    {
        await using var world = await World.CreateAsync("a");
        var request = new RotationRequest { Name = "app", GracePeriod = TimeSpan.FromMilliseconds(10), FromVersion = world.Credential.Version };
        await world.RotateAsync(request);
        var live = await world.LiveLoginAsync();

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(request));

        Assert.Equal(RotationErrorCode.CredentialChanged, exception.Code);
        Assert.Contains("version 2, not 1", exception.Message, StringComparison.Ordinal);
        Assert.Equal(live.Username, (await world.LiveLoginAsync()).Username);
        Assert.Single(await world.Store.ListRotationsAsync(new(), TestContext.Current.CancellationToken));
    }
}
