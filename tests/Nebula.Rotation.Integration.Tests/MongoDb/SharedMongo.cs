using MongoDB.Driver;
using Nebula.Rotation.Integration.Tests.MongoDb.Wire;
using Nebula.Rotation.Integration.Tests.Servers;
using Testcontainers.MongoDb;

namespace Nebula.Rotation.Integration.Tests.MongoDb;

/// <summary>
/// Where a suite runs, in this order: the server at NEBULA_TEST_MONGODB (mongodb://admin:password@host:port), mongo:8 in a container where a Docker
/// engine answers, and else the stand-in.
/// </summary>
public abstract class SharedMongo(bool isSet, string? image = null) : IAsyncDisposable
{
    private static readonly string? Given = Environment.GetEnvironmentVariable("NEBULA_TEST_MONGODB") is { Length: > 0 } given ? given : null;

    private readonly Lazy<Task<Holder>> _server = new(() => StartAsync(isSet, image));

    internal async Task<MongoServer> ServerAsync() => (await _server.Value).Server;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_server.IsValueCreated)
            await (await _server.Value).Resource.DisposeAsync();
    }

    internal static async Task<Holder> StartAsync(bool isSet, string? image)
    {
        if (image is null && Given is not null)
            return new(Read(Given, "the server at NEBULA_TEST_MONGODB", isDirect: false), new Nothing());
        if (image is not null || ContainerTests.DockerAnswers)
            return await StartContainerAsync(image ?? "mongo:8", isSet);
        var admin = NewAdmin();
        var cluster = WireCluster.Start(new() { Members = isSet ? 3 : 1 }, admin.Username, admin.Password.Reveal());
        return new(MongoServer.Of(cluster, admin), cluster);
    }

    internal static Login NewAdmin() => new("root", new($"admin:@/%{Guid.NewGuid():N}"));

    private static async Task<Holder> StartContainerAsync(string image, bool isSet)
    {
        var builder = new MongoDbBuilder(image).WithUsername("root").WithPassword(Guid.NewGuid().ToString("N"));
        var container = (isSet ? builder.WithReplicaSet() : builder).Build();
        await container.StartAsync(TestContext.Current.CancellationToken);
        // A member knows itself by its name inside the container.
        return new(Read(container.GetConnectionString(), image, isDirect: true), container);
    }

    private static MongoServer Read(string uri, string kind, bool isDirect)
    {
        var url = new MongoUrl(uri);
        return new()
        {
            Kind = kind,
            Hosts = [.. url.Servers.Select(server => server.ToString())],
            Admin = new(url.Username, new(url.Password)),
            IsDirect = isDirect,
            SslMode = url.UseTls ? SslMode.Require : SslMode.Disable,
        };
    }

    internal sealed record Holder(MongoServer Server, IAsyncDisposable Resource);

    private sealed class Nothing : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>One server.</summary>
public sealed class SharedMongoServer() : SharedMongo(isSet: false);

/// <summary>A replica set; of three members where it is the stand-in.</summary>
public sealed class SharedMongoSet() : SharedMongo(isSet: true);
