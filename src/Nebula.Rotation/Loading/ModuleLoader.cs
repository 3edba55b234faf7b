using System.Globalization;
using System.Management.Automation;
using System.Reflection;
using System.Runtime.Loader;

namespace Nebula.Rotation.Module.Loading;

/// <summary>
/// Tells the default load context where the engine is. PowerShell makes one when the module is imported and one when it is removed;
/// what they share is static.
/// </summary>
public sealed class ModuleLoader : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private const string EngineName = "Nebula.Rotation.Engine";

    // The assembly can be loaded once a process: a module that is removed and imported again finds the engine that is there.
    private static readonly Lazy<EngineLoadContext> Engine = new(() => new EngineLoadContext(EnginePath));

    private static string Folder => Path.GetDirectoryName(typeof(ModuleLoader).Assembly.Location)!;

    private static string EnginePath => Path.Combine(Folder, "dependencies", EngineName + ".dll");

    /// <inheritdoc/>
    /// <exception cref="FileLoadException">The contract that is loaded is another build. The psm1 says what to do then.</exception>
    public void OnImport()
    {
        // Also what loads it, so that [Nebula.Rotation.…] literals work as soon as the module is imported.
        var contract = typeof(RotationServices).Assembly.Location;
        // The same build from elsewhere is as good; of another one .NET says that it cannot be loaded, too.
        if (Path.GetDirectoryName(contract) != Folder)
            _ = Assembly.LoadFrom(Path.Combine(Folder, "Nebula.Rotation.Abstractions.dll"));

        // Import-Module -Force imports without a removal in between.
        AssemblyLoadContext.Default.Resolving -= Resolve;
        AssemblyLoadContext.Default.Resolving += Resolve;

        ImportVault();

        // Next, PowerShell compares the cmdlets' names with those of the manifest by the rules of the user's culture, and a process needs milliseconds to read those at its first
        // comparison. It has another thread for that.
        ThreadPool.UnsafeQueueUserWorkItem(static culture => culture.Compare("a", "b", CompareOptions.IgnoreCase), CultureInfo.CurrentCulture.CompareInfo, preferLocal: false);
    }

    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo) => AssemblyLoadContext.Default.Resolving -= Resolve;

    /// <summary>
    /// The store as a vault of SecretManagement, nested in our module where that one is in the process: it calls its vaults in a runspace of its own, and looks for their functions among
    /// the modules that ours sees. Not by the manifest or the psm1: every import would pay for it, and few sessions have vaults.
    /// </summary>
    private static void ImportVault()
    {
        if (!AppDomain.CurrentDomain.GetAssemblies().Any(static assembly => assembly.GetType("Microsoft.PowerShell.SecretManagement.SecretInformation") is not null))
            return;
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddCommand("Microsoft.PowerShell.Core\\Import-Module").AddArgument(Path.Combine(Path.GetDirectoryName(Folder)!, "Nebula.Rotation.Extension")).Invoke();
    }

    // The engine's name alone: its dependencies are its own affair, and another module's are none of ours.
    private static Assembly? Resolve(AssemblyLoadContext context, AssemblyName name) =>
        string.Equals(name.Name, EngineName, StringComparison.OrdinalIgnoreCase) && File.Exists(EnginePath)
            ? Engine.Value.LoadFromAssemblyName(name)
            : null;
}
