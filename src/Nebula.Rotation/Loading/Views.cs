using System.Management.Automation;
using System.Management.Automation.Language;
using System.Runtime.CompilerServices;

namespace Nebula.Rotation.Module.Loading;

/// <summary>
/// The views of our types. A module with any view makes PowerShell read all its own again, which took a quarter of what importing this one took. So they are a module of their
/// own, which the first command of a session imports while the engine opens its store. It is nested in ours: seen nowhere else, and removed with it.
/// </summary>
internal static class Views
{
    private const string Name = "Nebula.Rotation.Views";

    // A module that is imported again is another object, and so is each session's.
    private static readonly ConditionalWeakTable<PSModuleInfo, string> Asked = [];

    /// <summary>
    /// Imports them, once for each import of our module. On the pipeline's thread, before anything is written: PowerShell looks for a view when an object comes to be shown.
    /// Never fails: there are sessions that share their views and take no others, where a command does its work all the same.
    /// </summary>
    public static void Import(PSCmdlet cmdlet)
    {
        // Whoever imported the assembly alone has no module to nest them in.
        if (cmdlet.MyInvocation.MyCommand.Module is not { SessionState: not null } module || !Asked.TryAdd(module, Name))
            return;
        var path = CodeGeneration.EscapeSingleQuotedStringContent(Path.Combine(module.ModuleBase, Name, Name + ".psd1"));
        try
        {
            // PowerShell's own, whatever else has its name, and silent, whatever the session's preferences are.
            module.Invoke(ScriptBlock.Create($"Microsoft.PowerShell.Core\\Import-Module '{path}' -Verbose:$false -Debug:$false -ErrorAction Ignore"));
        }
        catch (PipelineStoppedException)
        {
            // The stop is the pump's affair. The next command has another try.
            Asked.Remove(module);
        }
        catch (Exception e) when (e is RuntimeException or InvalidOperationException)
        {
            cmdlet.WriteDebug($"The session takes no views: {e.Message}");
        }
    }
}
