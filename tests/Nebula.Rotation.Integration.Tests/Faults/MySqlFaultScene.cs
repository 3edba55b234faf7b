using Nebula.Rotation.Engine;
using Nebula.Rotation.Integration.Tests.MySql;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>A login that is the definer of a view, routines, a trigger and events.</summary>
internal sealed class MySqlFaultScene : FaultScene
{
    private readonly MySqlScene _scene;
    private readonly MySqlTraffic? _traffic;

    private MySqlFaultScene(MySqlScene scene, bool hasApplication) =>
        (_scene, _traffic) = (scene, hasApplication ? new(scene, workers: 1, pause: PostgresFaultScene.Pause) : null);

    public override DatabaseCredential Credential => _scene.Credential;

    public override ICredentialStore Store => _scene.Store;

    public override RotationService Service => _scene.Service;

    public override string StorePath => _scene.StorePath;

    public override LoginGap Gap => _scene.Gap;

    public override IReadOnlyCollection<string> Failures => _traffic?.Failures ?? [];

    public override int Queries => _traffic?.Queries ?? 0;

    public static async Task<FaultScene> CreateAsync(MySqlServer server, TimeSpan? connectionTimeout = null, bool hasApplication = true, Func<DatabaseCredential, DatabaseCredential>? change = null)
    {
        var proxy = new FaultProxy(server.Host, server.Port);
        var scene = await MySqlScene.CreateAsync(
            server,
            credential => Through(proxy, change?.Invoke(credential) ?? credential) with { ConnectionTimeout = connectionTimeout ?? credential.ConnectionTimeout });
        return new MySqlFaultScene(scene, hasApplication) { Proxy = proxy };
    }

    public override Task FlowsAsync() => _traffic?.FlowsAsync(3) ?? Task.CompletedTask;

    /// <summary>The account that made the routines and the trigger stays as their definer, locked.</summary>
    public override async Task<IReadOnlyList<string>> ListLeftoversAsync(string live) =>
        [.. (await _scene.LoginsAsync()).Where(name => name != live && name != $"{_scene.OldLogin} locked")];

    public override async ValueTask DisposeAsync()
    {
        if (_traffic is not null)
            await _traffic.DisposeAsync();
        await _scene.DisposeAsync();
        await base.DisposeAsync();
    }
}
