using System.Management.Automation.Runspaces;

namespace Nebula.Rotation.PwshHost;

/// <summary>What to run. Exactly one of <see cref="File"/> and <see cref="Command"/> is set.</summary>
internal sealed record HostArguments(
    string? File, string? Command, IReadOnlyList<CommandParameter> Parameters, bool NonInteractive)
{
    public const string Usage =
        "usage: pwsh-host [-NonInteractive] [-File] script.ps1 [argument …]\n" +
        "       pwsh-host [-NonInteractive] -Command text";

    /// <summary>
    /// Takes the options of pwsh that make sense here, so that a script can start another one with either host and the same arguments.
    /// </summary>
    /// <exception cref="UsageException">An unknown option, nothing to run, or no such script.</exception>
    public static HostArguments Parse(IReadOnlyList<string> args)
    {
        var nonInteractive = false;
        for (var i = 0; i < args.Count; i++)
        {
            switch (args[i].ToUpperInvariant())
            {
                case "-NOPROFILE" or "-NOLOGO":
                    break;
                case "-NONINTERACTIVE":
                    nonInteractive = true;
                    break;
                case "-FILE" or "-F":
                    return ForFile(args, i + 1, nonInteractive);
                case "-COMMAND" or "-C":
                    return ForCommand(args, i + 1, nonInteractive);
                case ['-', ..]:
                    throw new UsageException($"The option '{args[i]}' is not known.");
                default:
                    return ForFile(args, i, nonInteractive);
            }
        }

        throw new UsageException("Nothing to run: give a script or -Command.");
    }

    private static HostArguments ForFile(IReadOnlyList<string> args, int at, bool nonInteractive)
    {
        if (at >= args.Count)
            throw new UsageException("-File needs the path of a script.");

        var path = Path.GetFullPath(args[at]);
        if (!System.IO.File.Exists(path))
            throw new UsageException($"The script '{args[at]}' does not exist.");

        return new HostArguments(path, null, ScriptParameters([.. args.Skip(at + 1)]), nonInteractive);
    }

    private static HostArguments ForCommand(IReadOnlyList<string> args, int at, bool nonInteractive)
    {
        if (at >= args.Count)
            throw new UsageException("-Command needs the text to run.");

        // As in pwsh, all that follows is the command's text.
        return new HostArguments(null, string.Join(' ', args.Skip(at)), [], nonInteractive);
    }

    /// <summary>
    /// The rules of <c>pwsh -File</c> (CommandLineParameterParser.CollectPSArgs): a leading dash makes a name, <c>-Name:value</c> is
    /// both in one, and only in that form do true and false become booleans. Whether a name takes the next value or is a switch
    /// is for the script's parameter binder.
    /// </summary>
    internal static IReadOnlyList<CommandParameter> ScriptParameters(IReadOnlyList<string> args)
    {
        var parameters = new List<CommandParameter>();
        string? pending = null;
        foreach (var arg in args)
        {
            if (pending is not null)
            {
                parameters.Add(new CommandParameter(pending, arg));
                pending = null;
            }
            else if (!IsName(arg))
            {
                parameters.Add(new CommandParameter(null, arg));
            }
            else if (arg.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0)
            {
                if (colon == arg.Length - 1)
                    pending = arg.TrimEnd(':');
                else
                    parameters.Add(new CommandParameter(arg[..colon], BooleanOrText(arg[(colon + 1)..])));
            }
            else
            {
                parameters.Add(new CommandParameter(arg));
            }
        }

        return parameters;
    }

    // PowerShell takes the typographic dashes for a hyphen too.
    private static bool IsName(string arg) => arg is ['-' or '\u2013' or '\u2014' or '\u2015', _, ..];

    private static object BooleanOrText(string value) =>
        bool.TryParse(value.StartsWith('$') ? value[1..] : value, out var flag) ? flag : value;
}
