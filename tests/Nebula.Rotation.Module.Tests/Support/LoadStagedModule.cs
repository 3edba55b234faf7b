using System.Runtime.CompilerServices;
using Nebula.Rotation.Module.Tests.Hosting;

namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>
/// Imports the staged module before any test is looked at. Tests are compiled against the contract and the cmdlets, and have no copy of them:
/// what they meet is what the module has loaded.
/// </summary>
internal static class LoadStagedModule
{
    [ModuleInitializer]
    internal static void Load() => new ModuleHost().Dispose();
}
