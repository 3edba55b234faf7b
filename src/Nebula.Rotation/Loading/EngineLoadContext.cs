using System.Reflection;
using System.Runtime.Loader;

namespace Nebula.Rotation.Module.Loading;

/// <summary>
/// The engine and its drivers, apart from every other module's copy of them. Shared with the rest of the process are the contract
/// (its types pass between both sides) and whatever the shared framework has in the requested version or a newer one.
/// </summary>
internal sealed class EngineLoadContext(string enginePath) : AssemblyLoadContext("Nebula.Rotation engine")
{
    private static readonly Assembly Contract = typeof(RotationServices).Assembly;
    private static readonly string FrameworkFolder = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    private readonly AssemblyDependencyResolver _resolver = new(enginePath);

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (AssemblyName.ReferenceMatchesDefinition(assemblyName, Contract.GetName()))
            return Contract;
        // Null hands the request to the default context.
        var path = _resolver.ResolveAssemblyToPath(assemblyName);
        return path is null || FrameworkHas(assemblyName) ? null : LoadFromAssemblyPath(path);
    }

    /// <inheritdoc/>
    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;

    private static bool FrameworkHas(AssemblyName wanted)
    {
        var path = Path.Combine(FrameworkFolder, wanted.Name + ".dll");
        return File.Exists(path) && AssemblyName.GetAssemblyName(path).Version >= (wanted.Version ?? new Version(0, 0));
    }
}
