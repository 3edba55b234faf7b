using System.Data.Common;
using System.Reflection;
using System.Runtime.Loader;
using Nebula.Rotation.Module.Loading;

namespace Nebula.Rotation.LoadSmoke;

/// <summary>
/// Loads the staged module's assemblies as PowerShell does, on the runtime this program was published with: the contract in the default
/// context, the engine and SQLite with its native library in the engine's own. Exit code 0 when all of it works, otherwise 1.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        if (args is not [var bin])
        {
            Console.Error.WriteLine("usage: load-smoke <the staged module's bin folder>");
            return 1;
        }

        var contract = Path.Combine(Path.GetFullPath(bin), "Nebula.Rotation.Abstractions.dll");
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            name.Name == Path.GetFileNameWithoutExtension(contract) ? context.LoadFromAssemblyPath(contract) : null;
        try
        {
            Check(Path.GetFullPath(bin));
            return 0;
        }
        catch (Exception e) when (e is IOException or BadImageFormatException or TypeLoadException or InvalidOperationException or DbException)
        {
            Console.Error.WriteLine($"Failed on {System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription}: {e}");
            return 1;
        }
    }

    private static void Check(string bin)
    {
        var context = new EngineLoadContext(Path.Combine(bin, "dependencies", "Nebula.Rotation.Engine.dll"));
        var engine = context.LoadFromAssemblyName(new AssemblyName("Nebula.Rotation.Engine"));
        Require(engine.GetTypes().Length > 0, "the engine's types load");
        Require(AssemblyLoadContext.GetLoadContext(engine) == context, "the engine is in its own context");

        var sqlite = context.LoadFromAssemblyName(new AssemblyName("Microsoft.Data.Sqlite"));
        Require(AssemblyLoadContext.GetLoadContext(sqlite) == context, "SQLite is in the engine's context");
        var type = sqlite.GetType("Microsoft.Data.Sqlite.SqliteConnection", throwOnError: true)!;
        using var connection = (DbConnection)Activator.CreateInstance(type, "Data Source=:memory:")!;
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT sqlite_version()";
        var version = command.ExecuteScalar() as string;
        Require(!string.IsNullOrEmpty(version), "SQLite answers");

        var copies = AppDomain.CurrentDomain.GetAssemblies().Count(a => a.GetName().Name == "Nebula.Rotation.Abstractions");
        Require(copies == 1, "the contract is loaded once");
        Console.WriteLine(
            $"{System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription}: the engine and SQLite {version} load from the staged module");
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
            throw new InvalidOperationException($"It does not hold that {what}.");
    }
}
