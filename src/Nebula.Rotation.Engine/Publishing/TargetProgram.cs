using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Nebula.Rotation.Engine.Publishing;

/// <summary>
/// Runs a program that publishes: without a shell, with what it is given on its standard input, never as an argument or in its environment, and for a bounded
/// time, after which it is ended with its children.
/// </summary>
internal static class TargetProgram
{
    private const int KeptOutput = 2000;

    /// <summary>
    /// How long the words of a program that failed may still come after its end: a child that it left behind may hold the pipe, and a busy machine may not
    /// have read it yet.
    /// </summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    /// <summary>Whether it can be run, and only those who may be trusted with the login can change it; else the reason. Reads only.</summary>
    public static RotationException? WhyNot(string path, bool mustBeExecutable)
    {
        if (!File.Exists(path))
            return TargetFailure.Because($"There is no program '{path}'.", "Give its full path.");
        if (OperatingSystem.IsWindows())
            return null;
        var mode = File.GetUnixFileMode(path);
        if ((mode & UnixFileMode.OtherWrite) != 0)
            return TargetFailure.Because($"Everybody can change '{path}', which is to be given a password.", $"Run: chmod o-w '{path}'.");
        return mustBeExecutable && (mode & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) == 0
            ? TargetFailure.Because($"'{path}' is not executable.", $"Run: chmod u+x '{path}'.")
            : null;
    }

    /// <summary>Runs it to its end. Throws PublishFailed unless it ends with 0; its words are in the message, without the secrets.</summary>
    public static async Task RunAsync(
        string path, IEnumerable<string> arguments, string? input, TimeSpan timeout, IReadOnlyList<Secret> secrets, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            UseShellExecute = false,
        };
        start.Environment.Remove("NEBULA_STORE_KEY");
        start.Environment.Remove("NEBULA_STORE_KEY_NEW");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw TargetFailure.Because($"'{path}' cannot be started: {exception.Message}", "Mend it, then rotate again.");
        }

        using (process)
        {
            var said = new StringBuilder();
            var reading = Task.WhenAll(ReadAsync(process.StandardOutput, said), ReadAsync(process.StandardError, said));
            try
            {
                await WriteAsync(process, input, limit.Token);
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellationToken.ThrowIfCancellationRequested();
                throw TargetFailure.Because($"'{path}' did not end within {timeout.TotalSeconds:0.#} s and was ended.", "Find out what it waits for, or give it more time with -Timeout.");
            }

            if (process.ExitCode == 0)
                return;
            await Task.WhenAny(reading, Task.Delay(LastWords, CancellationToken.None));
            string words;
            lock (said)
                words = said.ToString().Trim();
            throw TargetFailure.Because($"'{path}' ended with {process.ExitCode}. {Workflow.Redaction.Apply(words, secrets)}".TrimEnd(), "Mend what it says, then rotate again.");
        }
    }

    private static async Task WriteAsync(Process process, string? input, CancellationToken cancellationToken)
    {
        try
        {
            if (input is not null)
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It does not want to read, or has ended: its exit code says what that means.
        }
    }

    private static async Task ReadAsync(StreamReader reader, StringBuilder said)
    {
        var buffer = new char[1024];
        while (await reader.ReadAsync(buffer) is > 0 and var count)
        {
            lock (said)
                said.Append(buffer, 0, Math.Min(count, Math.Max(0, KeptOutput - said.Length)));
        }
    }
}
