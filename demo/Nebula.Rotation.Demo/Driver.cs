using System.Text.Json.Nodes;

namespace Nebula.Rotation.Demo;

/// <summary>
/// The program that drives the demo, at the other end of standard input and output: a JSON object a line, an answer for each command. Passwords go
/// through these pipes, and so appear in no list of processes and no environment.
/// </summary>
internal static class Driver
{
    /// <summary>The next command; null when the driver is gone.</summary>
    public static async Task<JsonNode?> ReceiveAsync() =>
        // On a thread of its own: the console's readers block, whatever their names say, and with them whatever awaits what we have just finished.
        await Task.Run(Console.In.ReadLine) is { } line ? JsonNode.Parse(line) : null;

    public static async Task SendAsync(JsonObject answer)
    {
        await Console.Out.WriteLineAsync(answer.ToJsonString());
        await Console.Out.FlushAsync();
    }

    public static TimeSpan Seconds(JsonNode command, string name) => TimeSpan.FromSeconds((double?)command[name] ?? 0);
}
