using Nebula.Rotation.Integration.Tests.Faults;
using Nebula.Rotation.Integration.Tests.Fleets;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests;

/// <summary>Runs the tests; or is the child process of one of them.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args) => args switch
    {
        [ServerHolder.Argument, var release] => await ServerHolder.RunAsync(release),
        [DyingRunner.Argument, var store, var at] => await DyingRunner.MainAsync(store, int.Parse(at, System.Globalization.CultureInfo.InvariantCulture)),
        [DyingRunner.Argument, var store, var at, var work, var owner] =>
            await DyingRunner.MainAsync(store, int.Parse(at, System.Globalization.CultureInfo.InvariantCulture), work, owner),
        [FleetProcess.Argument, var keyFolder] => await FleetProcess.MainAsync(keyFolder),
        [RunnerProcess.Argument, var work, var store] => await RunnerProcess.MainAsync(work, store),
        [Leases.PausedRunner.Argument, var store, var at, var lease] => await Leases.PausedRunner.MainAsync(
            store, int.Parse(at, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.FromMilliseconds(int.Parse(lease, System.Globalization.CultureInfo.InvariantCulture))),
        // The same two ways that xunit.v3's own entry point offers.
        _ when args.Contains("--server") || args.Contains("--internal-msbuild-node") =>
            await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
        _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
    };
}
