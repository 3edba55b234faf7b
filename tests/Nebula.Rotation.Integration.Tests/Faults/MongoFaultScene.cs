using Nebula.Rotation.Engine;
using Nebula.Rotation.Integration.Tests.MongoDb;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>A user with roles of several databases, data and restrictions, on one server.</summary>
internal sealed class MongoFaultScene : FaultScene
{
    private readonly MongoScene _scene;
    private readonly MongoTraffic? _traffic;

    private MongoFaultScene(MongoScene scene, bool hasApplication) =>
        (_scene, _traffic) = (scene, hasApplication ? new(scene, workers: 1, pause: PostgresFaultScene.Pause) : null);

    public override DatabaseCredential Credential => _scene.Credential;

    public override ICredentialStore Store => _scene.Store;

    public override RotationService Service => _scene.Service;

    public override string StorePath => _scene.StorePath;

    public override LoginGap Gap => _scene.Gap;

    public override IReadOnlyCollection<string> Failures => _traffic?.Failures ?? [];

    public override int Queries => _traffic?.Operations ?? 0;

    public static async Task<FaultScene> CreateAsync(MongoServer server, TimeSpan? connectionTimeout = null, bool hasApplication = true)
    {
        var at = server.Hosts[0].Split(':');
        var proxy = new FaultProxy(at[0], int.Parse(at[1], System.Globalization.CultureInfo.InvariantCulture));
        var scene = await MongoScene.CreateAsync(
            server, change: credential => Through(proxy, credential, isListed: true) with { ConnectionTimeout = connectionTimeout ?? credential.ConnectionTimeout });
        return new MongoFaultScene(scene, hasApplication) { Proxy = proxy };
    }

    public override Task FlowsAsync() => _traffic?.FlowsAsync(3) ?? Task.CompletedTask;

    public override async Task<IReadOnlyList<string>> ListLeftoversAsync(string live) => [.. (await _scene.UsersAsync()).Where(name => name != live)];

    public override async ValueTask DisposeAsync()
    {
        if (_traffic is not null)
            await _traffic.DisposeAsync();
        await _scene.DisposeAsync();
        await base.DisposeAsync();
    }
}
