using Nebula.Rotation.Pooling.Sources;
using Nebula.Rotation.Pooling.Tests.Databases;

namespace Nebula.Rotation.Pooling.Tests;

/// <summary>Pools in real rotations: those that follow the store, and those that take part in the Publish stage.</summary>
public sealed class RotationTests(PostgreSqlDatabase database)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pool_that_takes_part_adopts_the_login_before_the_store_names_it_and_goes_back_when_another_one_cannot()
    {
        var (service, path) = await database.NewStoreAsync("orders");
        await using var _ = service;
        await using var source = await FollowAsync(path);
        await using var traffic = new Traffic(source, workers: 4);
        var before = source.Username;

        var refused = new PoolPublisher([source, new Refusing()]);
        var error = await Assert.ThrowsAsync<RotationException>(() => service.RotateAsync(Request, refused, Cancellation));
        Assert.Equal(RotationErrorCode.PublishFailed, error.Code);
        Assert.Equal((before, before), (source.Username, (await service.GetLoginAsync("orders", DatabaseCredential.DefaultScope, Cancellation)).Username));
        // There, back, and the other one back.
        Assert.Equal(3, refused.Adoptions.Count);

        var publisher = new PoolPublisher([source]);
        var record = await service.RotateAsync(Request, publisher, Cancellation);
        Assert.Equal((RotationState.Completed, source.Username), (record.State, record.NewUsername));
        var adoption = Assert.Single(publisher.Adoptions);
        Assert.Equal(0, (await adoption.Drained)!.LeftOpen);
        await traffic.FlowsAsync(100);
        Assert.Empty(traffic.Failures);
    }

    [Fact]
    public async Task A_store_that_is_looked_at_is_followed_and_a_change_of_address_is_no_change_of_login()
    {
        var (service, path) = await database.NewStoreAsync("orders");
        await using var _ = service;
        await using var store = await StoreLoginSource.OpenAsync(path, "orders", cancellationToken: Cancellation);
        var first = await store.ReadAsync(Cancellation);
        Assert.Same(first, await store.ReadAsync(Cancellation));
        await service.RotateAsync(Request, new PoolPublisher([]), Cancellation);
        var second = await store.ReadAsync(Cancellation);
        Assert.Equal(2, second.Version);
        Assert.False(first.IsSameAs(second));
        await service.ChangeAsync(
            "orders", DatabaseCredential.DefaultScope, new CredentialChange { Apply = credential => credential with { Tag = ["a"] } }, Cancellation);
        var third = await store.ReadAsync(Cancellation);
        Assert.NotSame(second, third);
        Assert.True(second.IsSameAs(third));
        var none = await Assert.ThrowsAsync<RotationException>(async () => await (await StoreLoginSource.OpenAsync(path, "none", cancellationToken: Cancellation)).ReadAsync(Cancellation));
        Assert.Equal(RotationErrorCode.CredentialNotFound, none.Code);
    }

    private static RotationRequest Request => new() { Name = "orders", GracePeriod = TimeSpan.FromSeconds(1), DrainTimeout = Eventually.Limit };

    private async Task<RotatingDataSource> FollowAsync(string path) => await RotatingDataSource.StartAsync(
        await StoreLoginSource.OpenAsync(path, "orders", cancellationToken: Cancellation),
        database.Open,
        new RotatingPoolOptions { PollInterval = TimeSpan.FromMilliseconds(100) },
        Cancellation);

    private sealed class Refusing : IRotatingPool
    {
        public string Username => "";

        public Task<PoolAdoption> AdoptAsync(PoolLogin login, CancellationToken cancellationToken) =>
            login.Version == 1
                ? Task.FromResult(new PoolAdoption { Username = "", PreviousUsername = "", Version = 1, IsChanged = false, Duration = default, Drained = Task.FromResult<PoolDrain?>(null) })
                : throw new RotationException(RotationErrorCode.PublishFailed, "This pool adopts nothing.");
    }
}
