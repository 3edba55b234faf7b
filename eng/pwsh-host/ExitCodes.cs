namespace Nebula.Rotation.PwshHost;

/// <summary>The exit codes of pwsh (its ConsoleHost), which scripts and schedulers rely on.</summary>
internal static class ExitCodes
{
    public const int Success = 0;
    public const int Failure = 1;

    /// <summary>EX_USAGE of sysexits.h: an unknown option, or a script that does not exist.</summary>
    public const int BadCommandLine = 64;
}
