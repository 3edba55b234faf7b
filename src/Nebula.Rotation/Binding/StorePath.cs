using System.Management.Automation;
using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Binding;

/// <summary>From a path as PowerShell has it (relative to its location, on a drive of its own) to one of the file system.</summary>
internal static class StorePath
{
    private const string FileSystem = "FileSystem";

    /// <summary>Null and the address of a shared store stay what they are.</summary>
    public static string? Resolve(PSCmdlet cmdlet, string? store) =>
        store is null || IsAddress(store) ? store : ResolveFile(cmdlet, store, nameof(store));

    /// <summary>True for an address such as postgresql://….</summary>
    public static bool IsAddress(string store) => store.Contains("://", StringComparison.Ordinal);

    /// <summary>The file need not exist.</summary>
    public static string ResolveFile(PSCmdlet cmdlet, string path, string parameter)
    {
        try
        {
            var resolved = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
            return string.Equals(provider.Name, FileSystem, StringComparison.OrdinalIgnoreCase)
                ? resolved
                : throw InvalidArgument.Because($"-{parameter} '{path}' is a path of the provider {provider.Name}; give one of the file system.");
        }
        catch (Exception e) when (e is ItemNotFoundException or System.Management.Automation.DriveNotFoundException or ProviderNotFoundException or PSNotSupportedException)
        {
            throw new RotationException(RotationErrorCode.InvalidArgument, $"-{parameter} '{path}' is no path: {e.Message}", null, e);
        }
    }
}
