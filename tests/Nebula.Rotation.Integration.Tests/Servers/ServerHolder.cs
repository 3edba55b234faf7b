using System.Diagnostics;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>A process of its own that starts a server and holds it until it is killed.</summary>
internal static class ServerHolder
{
    public const string Argument = "hold-a-server";

    /// <summary>Starts this test program as the holder. All its throw-away data goes under the given temp folder.</summary>
    /// <param name="tempFolder">Its TMPDIR.</param>
    /// <param name="release">What it starts.</param>
    /// <param name="given">The endpoint that its environment gives instead.</param>
    public static Process Start(string tempFolder, PostgresRelease release, string? given = null)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { ["TMPDIR"] = tempFolder, [release.Variable()] = given },
        };
        // Under `dotnet exec` the program is dotnet itself.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(ServerHolder).Assembly.Location);
        start.ArgumentList.Add(Argument);
        start.ArgumentList.Add(release.ToString());
        return Process.Start(start)!;
    }

    public static async Task<int> RunAsync(string release)
    {
        var server = await PostgresServer.StartAsync(new PostgresServerOptions { Release = Enum.Parse<PostgresRelease>(release) });
        Console.WriteLine(server.IsExternal ? $"given {server.Host} {server.Port}" : $"{server.ProcessId} {server.DataDirectory}");
        await Console.In.ReadToEndAsync();
        // Not disposed on purpose: the end of the process must be enough.
        return 0;
    }
}
