using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;

namespace Nebula.Rotation.PwshHost;

/// <summary>
/// The two switches pwsh's own host flips inside the engine and that no public member reaches. The package's version is pinned; should
/// a new one lose them, the host says so at once, and does not run scripts with other exit codes than pwsh.
/// </summary>
internal static class EngineInternals
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>Lets an <c>exit</c> of the script file end the host: by default it would end the file only and set $LASTEXITCODE.</summary>
    public static void LetExitReachTheHost(Runspace runspace)
    {
        var context = Property(runspace.GetType(), "ExecutionContext").GetValue(runspace)
            ?? throw new InvalidOperationException("The runspace has no execution context.");
        Property(context.GetType(), "ScriptCommandProcessorShouldRethrowExit").SetValue(context, true);
    }

    /// <summary>Makes Out-Default send the object to the error stream, as if a command had written it there.</summary>
    public static PSObject AsWrittenToErrorStream(ErrorRecord record)
    {
        var wrapped = new PSObject(record);
        var stream = Property(typeof(PSObject), "WriteStream");
        stream.SetValue(wrapped, Enum.Parse(stream.PropertyType, "Error"));
        return wrapped;
    }

    private static PropertyInfo Property(Type type, string name) =>
        type.GetProperty(name, Instance)
        ?? throw new MissingMemberException($"This version of System.Management.Automation has no {type.Name}.{name}.");
}
