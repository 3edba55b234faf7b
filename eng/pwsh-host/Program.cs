namespace Nebula.Rotation.PwshHost;

/// <summary>Entry point: <c>pwsh-host script.ps1 args…</c> or <c>pwsh-host -Command text</c>.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        HostArguments arguments;
        try
        {
            arguments = HostArguments.Parse(args);
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine(e.Message);
            Console.Error.WriteLine(HostArguments.Usage);
            return ExitCodes.BadCommandLine;
        }

        ModulePath.AddStagedModule();
        using var runner = new ScriptRunner(arguments.NonInteractive);
        Console.CancelKeyPress += (_, e) =>
        {
            // The script ends through its finally blocks and StopProcessing, not through the end of this process.
            e.Cancel = true;
            runner.Stop();
        };
        return runner.Run(arguments);
    }
}
