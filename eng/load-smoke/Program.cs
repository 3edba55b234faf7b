using System.Runtime.Loader;
using Nebula.Rotation.Module.Loading;

namespace Nebula.Rotation.LoadSmoke;

/// <summary>
/// Loads the staged module's assemblies as PowerShell does, on the runtime this program was published with: the contract in the default
/// context, the engine and SQLite with its native library in the engine's own. Exit code 0 when all of it works, otherwise 1.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is not [var bin])
        {
            Console.Error.WriteLine("usage: load-smoke <the staged module's bin folder>");
            return 1;
        }

        var contract = Path.Combine(Path.GetFullPath(bin), "Nebula.Rotation.Abstractions.dll");
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            name.Name == Path.GetFileNameWithoutExtension(contract) ? context.LoadFromAssemblyPath(contract) : null;
        // A method of its own: it names types of the contract, which can be found only from here on.
        return await RunAsync(Path.GetFullPath(bin));
    }

    private static async Task<int> RunAsync(string bin)
    {
        try
        {
            await CheckAsync(bin);
            return 0;
        }
        catch (Exception e) when (e is IOException or BadImageFormatException or TypeLoadException or InvalidOperationException or RotationException)
        {
            await Console.Error.WriteLineAsync($"Failed on {System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription}: {e}");
            return 1;
        }
    }

    private static async Task CheckAsync(string bin)
    {
        var engines = new EngineLoadContext(Path.Combine(bin, "dependencies", "Nebula.Rotation.Engine.dll"));
        AssemblyLoadContext.Default.Resolving += (_, name) => name.Name == "Nebula.Rotation.Engine" ? engines.LoadFromAssemblyName(name) : null;

        // A store is made and read through the one factory: the engine, its SQLite and the native library in it, as a cmdlet uses them.
        var folder = Directory.CreateTempSubdirectory("nebula-load-");
        try
        {
            await using var service = await RotationServices.OpenAsync(
                new() { Store = Path.Combine(folder.FullName, "store.db"), CreateIfMissing = true }, CancellationToken.None);
            Require((await service.FindAsync(new(), CancellationToken.None)).Count == 0, "a new store is empty");
            Require(AssemblyLoadContext.GetLoadContext(service.GetType().Assembly) == engines, "the engine is in its own context");
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        foreach (var name in new[] { "Nebula.Rotation.Stores", "Microsoft.Data.Sqlite" })
        {
            var loaded = AppDomain.CurrentDomain.GetAssemblies().Where(assembly => assembly.GetName().Name == name).ToList();
            Require(loaded.Count == 1 && AssemblyLoadContext.GetLoadContext(loaded[0]) == engines, $"{name} is loaded once, in the engine's context");
        }

        Require(AppDomain.CurrentDomain.GetAssemblies().All(assembly => assembly.GetName().Name != "Npgsql"), "no driver is loaded before it is used");
        Require(AppDomain.CurrentDomain.GetAssemblies().Count(assembly => assembly.GetName().Name == "Nebula.Rotation.Abstractions") == 1, "the contract is loaded once");
        Console.WriteLine($"{System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription}: the engine makes and reads a store from the staged module");
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
            throw new InvalidOperationException($"It does not hold that {what}.");
    }
}
