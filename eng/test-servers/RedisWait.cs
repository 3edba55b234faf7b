using System.Diagnostics;

namespace Nebula.Rotation.TestServers;

/// <summary>Waits until a server says something.</summary>
internal static class RedisWait
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <exception cref="TimeoutException">It did not say so in time; the message has what it said last.</exception>
    public static async Task UntilAsync(RedisServer server, string[] command, Func<string, bool> condition, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        await using var connection = await server.OpenAsync(ct: ct);
        while (true)
        {
            var said = await connection.ExecuteAsync(command, ct) as string ?? "";
            if (condition(said))
                return;
            if (clock.Elapsed > Patience)
                throw new TimeoutException($"{server.Endpoint}, {string.Join(' ', command)}: not within {Patience.TotalSeconds:0} s. {said}");
            await Task.Delay(Poll, ct);
        }
    }
}
