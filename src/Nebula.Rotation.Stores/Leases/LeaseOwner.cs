using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Nebula.Rotation.Stores.Leases;

/// <summary>
/// Who holds a lease, written so that another process of the same machine can tell whether the holder is still there. A process number alone
/// would not do: numbers are given again, and mean nothing in another container or after a reboot.
/// </summary>
internal sealed record LeaseOwner(string Machine, string Boot, int ProcessId, string ProcessStart, string Random)
{
    private const char Separator = '/';

    private static readonly LeaseOwner Self = new(
        Environment.MachineName.Replace(Separator, '_'),
        ReadBoot(),
        Environment.ProcessId,
        ReadStart(Environment.ProcessId) ?? string.Empty,
        string.Empty);

    private static readonly ConcurrentDictionary<string, bool> GivenUp = new(StringComparer.Ordinal);

    /// <summary>This process, with a new random part.</summary>
    public static LeaseOwner Current() => Self with { Random = RandomNumberGenerator.GetHexString(8, lowercase: true) };

    /// <summary>Null when the text is not of this form.</summary>
    public static LeaseOwner? Parse(string text)
    {
        var parts = text.Split(Separator);
        return parts.Length == 5 && int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var processId)
            ? new LeaseOwner(parts[0], parts[1], processId, parts[3], parts[4])
            : null;
    }

    /// <summary>
    /// Says that a run of this process has ended and could not say so in the store, whose disk is full, say: whoever runs next in this process need
    /// not wait for a lease that nobody renews.
    /// </summary>
    public static void GiveUp(string owner) => GivenUp[owner] = true;

    /// <summary>
    /// True only when the holder certainly is no more: it was a process of this machine, since the same boot and in the same process namespace,
    /// and no such process is there; or it was a run of this process that has ended. Anything else has to wait for the lease to expire.
    /// </summary>
    public bool IsGone()
    {
        if (GivenUp.ContainsKey(ToString()))
            return true;
        if (Machine != Self.Machine || Boot != Self.Boot || Boot.Length == 0)
            return false;
        if (!Exists(ProcessId))
            return true;
        return ReadStart(ProcessId) is { Length: > 0 } start && ProcessStart.Length > 0 && start != ProcessStart;
    }

    public override string ToString() =>
        string.Join(Separator, Machine, Boot, ProcessId.ToString(CultureInfo.InvariantCulture), ProcessStart, Random);

    /// <summary>The words for a message.</summary>
    public string Describe() => $"process {ProcessId} on {Machine}";

    private static bool Exists(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);

            // A killed process stays in the table until its parent has asked for it; it does nothing more.
            return !OperatingSystem.IsLinux() || ReadLinuxStat(processId) is not { State: "Z" or "X" };
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Null when it cannot be told.</summary>
    private static string? ReadStart(int processId)
    {
        try
        {
            // Process.StartTime is computed from the clock on Linux and moves with it; the kernel's own number does not.
            if (OperatingSystem.IsLinux())
                return ReadLinuxStat(processId)?.Start;

            using var process = Process.GetProcessById(processId);
            return process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Fields 3 and 22 of /proc/[pid]/stat, see proc(5). The name in field 2 may hold spaces and brackets, so counting begins after it.</summary>
    private static (string State, string Start)? ReadLinuxStat(int processId)
    {
        try
        {
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
            var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > 19 ? (fields[0], fields[19]) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>What changes with each boot, and with each process namespace: two containers on one machine count processes separately.</summary>
    private static string ReadBoot()
    {
        // Elsewhere the machine's name has to do; a process number of before a reboot is told by its start time.
        if (!OperatingSystem.IsLinux())
            return "-";

        try
        {
            var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
            var space = new FileInfo("/proc/self/ns/pid").LinkTarget ?? string.Empty;
            return $"{boot}+{string.Concat(space.Where(char.IsAsciiDigit))}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }
}
