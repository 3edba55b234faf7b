using System.Management.Automation;
using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Binding;

/// <summary>The full path of a program: what is stored must mean the same tomorrow, in another folder and with another PATH.</summary>
internal static class ProgramPath
{
    public static string Resolve(PSCmdlet cmdlet, string program, string parameter)
    {
        if (program.IndexOfAny(['/', '\\']) >= 0)
            return StorePath.ResolveFile(cmdlet, program, parameter);
        var found = cmdlet.SessionState.InvokeCommand.GetCommands(program, CommandTypes.Application, nameIsPattern: false).OfType<ApplicationInfo>().FirstOrDefault();
        return found?.Path ?? throw InvalidArgument.Because($"-{parameter} '{program}': no program of this name is in the PATH.", "Give its full path.");
    }
}
