using System.Collections;
using System.Management.Automation;
using Nebula.Rotation.Module.Tests.Hosting;

namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>A session with the module over a scripted engine.</summary>
internal sealed class Scene : IDisposable
{
    /// <summary>Longer than anything here takes; a test that meets it has found a deadlock.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly ModuleHost _session;

    public Scene(TestHost? host = null, params string[] credentials)
    {
        Host = host ?? new TestHost();
        Service = new ScriptedService();
        foreach (var name in credentials.DefaultIfEmpty("orders"))
            Service.Credentials.Add(Credential(name));
        RotationServices.Provider = Service;
        _session = new ModuleHost(Host);
        _session.Run($"Import-Module '{typeof(SelectFirstObjectCommand).Assembly.Location}'").ThrowIfFailed();
    }

    public TestHost Host { get; }

    public ScriptedService Service { get; }

    public static DatabaseCredential Credential(string name) => new()
    {
        Id = Guid.NewGuid(),
        Name = name,
        DatabaseType = DatabaseType.PostgreSql,
        HostName = ["db1"],
        Port = 5432,
        Database = "app",
        Username = $"{name}_old",
    };

    public RunResult Run(string script, IDictionary? parameters = null) => _session.Run(script, parameters);

    /// <summary>Runs a script on another thread, as a pipeline that a test looks at while it runs.</summary>
    public Task<RunResult> Start(string script, IDictionary? parameters = null) => Task.Run(() => _session.Run(script, parameters));

    /// <summary>Ctrl+C. Returns at once; the run ends when it has stopped.</summary>
    public void Stop() => _session.Stop();

    public void Dispose()
    {
        // A test that failed half-way has left a workflow waiting, and closing the session would wait with it.
        foreach (var script in Service.Scripts.Values)
            script.Release();
        _session.Dispose();
        RotationServices.Provider = new NoService();
    }

    // Not null: a test without a scene must not reach for the engine by mistake.
    private sealed class NoService : IRotationServiceProvider
    {
        public Task<IRotationService> OpenAsync(RotationServiceOptions options, CancellationToken cancellationToken) =>
            throw new NotSupportedException("This test has no scene.");

        public Task<StoreKeyChange> ImportStoreKeyAsync(RotationServiceOptions options, StoreKeyImport request, CancellationToken cancellationToken) =>
            throw new NotSupportedException("This test has no scene.");

        public Task<StoreMove> MoveStoreAsync(RotationServiceOptions source, RotationServiceOptions destination, CancellationToken cancellationToken) =>
            throw new NotSupportedException("This test has no scene.");
    }
}
