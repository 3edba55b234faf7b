using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Nebula.Rotation.TestServers;

/// <summary>Ports for test servers, on loopback.</summary>
internal static class FreePort
{
    private const int Lowest = 10_240;

    private static readonly HashSet<int> Given = [];

    /// <summary>
    /// A port that was free a moment ago. It lies below the range that the kernel gives to outgoing connections, so that no client takes it
    /// while its server is being restarted, and is never given twice in this run, also while nobody listens. Another run's server may still take it first: the caller tries
    /// again with another port.
    /// </summary>
    public static int Find()
    {
        var highest = Math.Max(FirstEphemeralPort(), Lowest + 1_000);
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var port = RandomNumberGenerator.GetInt32(Lowest, highest);
            lock (Given)
            {
                if (!Given.Contains(port) && IsFree(port) && Given.Add(port))
                    return port;
            }
        }

        throw new InvalidOperationException($"No free port between {Lowest} and {highest} was found on 127.0.0.1.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FirstEphemeralPort()
    {
        const string range = "/proc/sys/net/ipv4/ip_local_port_range";
        return File.Exists(range) && int.TryParse(File.ReadAllText(range).Split().FirstOrDefault(), CultureInfo.InvariantCulture, out var first)
            ? first
            : 32_768;
    }
}
