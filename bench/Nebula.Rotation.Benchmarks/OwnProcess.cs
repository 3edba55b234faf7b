using System.Diagnostics;
using System.Text.Json;

namespace Nebula.Rotation.Benchmarks;

/// <summary>A part of a bench that runs in a process of its own, which has done nothing else. What it needs goes over its input, and what it found comes back over its output.</summary>
internal static class OwnProcess
{
    /// <summary>Starts one.</summary>
    /// <param name="argument">What tells <see cref="Program"/> which part it is.</param>
    /// <param name="order">What it needs.</param>
    /// <param name="environment">Variables that are set for it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static async Task<TAnswer> AskAsync<TOrder, TAnswer>(
        string argument, TOrder order, CancellationToken cancellationToken, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [argument]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(order));
        process.StandardInput.Close();
        var answer = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<TAnswer>(answer)!
            : throw new InvalidOperationException($"The process for '{argument}' ended with {process.ExitCode}.");
    }

    /// <summary>In that process: what it needs.</summary>
    public static async Task<TOrder> ReadOrderAsync<TOrder>() => JsonSerializer.Deserialize<TOrder>((await Console.In.ReadLineAsync())!)!;

    /// <summary>In that process: what it found.</summary>
    public static void Answer<TAnswer>(TAnswer answer) => Console.Write(JsonSerializer.Serialize(answer));
}
