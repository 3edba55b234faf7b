using Nebula.Rotation.Engine;
using Nebula.Rotation.Integration.Tests.Redis;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>A user with rules of every kind, on one server.</summary>
internal sealed class RedisFaultScene : FaultScene
{
    private readonly RedisScene _scene;
    private readonly RedisTraffic? _traffic;

    private RedisFaultScene(RedisScene scene, bool hasApplication) =>
        (_scene, _traffic) = (scene, hasApplication ? new(scene, workers: 1, pause: PostgresFaultScene.Pause) : null);

    public override DatabaseCredential Credential => _scene.Credential;

    public override ICredentialStore Store => _scene.Store;

    public override RotationService Service => _scene.Service;

    public override string StorePath => _scene.StorePath;

    public override LoginGap Gap => _scene.Gap;

    public override IReadOnlyCollection<string> Failures => _traffic?.Failures ?? [];

    public override int Queries => _traffic?.Commands ?? 0;

    public static async Task<FaultScene> CreateAsync(RedisServer server, TimeSpan? connectionTimeout = null, bool hasApplication = true)
    {
        var proxy = new FaultProxy(server.Host, server.Port);
        var scene = await RedisScene.CreateAsync(
            Deployment.Of(server),
            change: credential => Through(proxy, credential, isListed: true) with { ConnectionTimeout = connectionTimeout ?? credential.ConnectionTimeout });
        scene.ApplicationHostName = [server.Endpoint];
        return new RedisFaultScene(scene, hasApplication) { Proxy = proxy };
    }

    public override Task FlowsAsync() => _traffic?.FlowsAsync(3) ?? Task.CompletedTask;

    public override async Task<IReadOnlyList<string>> ListLeftoversAsync(string live)
    {
        List<string> left = [];
        var made = await Store.ListRotationsAsync(new(), RedisScene.Ct);
        foreach (var name in made.SelectMany(record => new[] { record.OldUsername, record.NewUsername }).Append(_scene.OldLogin).Distinct().Where(name => name != live))
        {
            if ((await _scene.WhereAsync(name)).Contains(true))
                left.Add(name);
        }

        return left;
    }

    public override async ValueTask DisposeAsync()
    {
        if (_traffic is not null)
            await _traffic.DisposeAsync();
        await _scene.DisposeAsync();
        await base.DisposeAsync();
    }
}
