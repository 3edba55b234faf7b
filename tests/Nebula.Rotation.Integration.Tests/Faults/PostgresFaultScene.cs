using Nebula.Rotation.Engine;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>A login that owns tables, a view and default privileges.</summary>
internal sealed class PostgresFaultScene : FaultScene
{
    private readonly Scene _scene;
    private readonly Traffic? _traffic;

    private PostgresFaultScene(Scene scene, bool hasApplication) =>
        (_scene, _traffic) = (scene, hasApplication ? new(scene, workers: 1, pause: Pause) : null);

    public static TimeSpan Pause { get; } = TimeSpan.FromMilliseconds(25);

    public override DatabaseCredential Credential => _scene.Credential;

    public override ICredentialStore Store => _scene.Store;

    public override RotationService Service => _scene.Service;

    public override string StorePath => _scene.StorePath;

    public override LoginGap Gap => _scene.Gap;

    public override IReadOnlyCollection<string> Failures => _traffic?.Failures ?? [];

    public override int Queries => _traffic?.Queries ?? 0;

    public static async Task<FaultScene> CreateAsync(PostgresServer server, TimeSpan? connectionTimeout = null, bool hasApplication = true, string? folder = null)
    {
        var proxy = new FaultProxy(server.Host, server.Port);
        var scene = await Scene.CreateAsync(
            server,
            change: credential => Task.FromResult(Through(proxy, credential) with { ConnectionTimeout = connectionTimeout ?? credential.ConnectionTimeout }),
            folder: folder);
        return new PostgresFaultScene(scene, hasApplication) { Proxy = proxy };
    }

    public override Task FlowsAsync() => _traffic?.FlowsAsync(3) ?? Task.CompletedTask;

    public override async Task<IReadOnlyList<string>> ListLeftoversAsync(string live) => [.. (await _scene.LoginsAsync()).Where(name => name != live)];

    public override async ValueTask DisposeAsync()
    {
        if (_traffic is not null)
            await _traffic.DisposeAsync();
        await _scene.DisposeAsync();
        await base.DisposeAsync();
    }
}
