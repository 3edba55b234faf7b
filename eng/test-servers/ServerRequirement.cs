namespace Nebula.Rotation.TestServers;

/// <summary>What a test does about a server that cannot be had: fail where continuous integration runs, be skipped by name elsewhere.</summary>
public static class ServerRequirement
{
    /// <summary>Whether this is a run of continuous integration (<c>CI=true</c>), where a missing server is a failure.</summary>
    public static bool MustHaveServers => Environment.GetEnvironmentVariable("CI") is "true" or "True" or "1";

    /// <summary>Gives the server, or skips the calling test with the reason.</summary>
    /// <param name="server">Starts or finds the server.</param>
    /// <param name="skip">The test framework's way to skip, which throws: <c>Assert.Skip</c>.</param>
    /// <exception cref="ServerUnavailableException">In continuous integration, or if <paramref name="skip"/> returns.</exception>
    public static Task<TServer> OrSkip<TServer>(Func<Task<TServer>> server, Action<string> skip) => OrSkip(server, skip, MustHaveServers);

    internal static async Task<TServer> OrSkip<TServer>(Func<Task<TServer>> server, Action<string> skip, bool mustHaveServers)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(skip);
        try
        {
            return await server();
        }
        catch (Exception e) when (!mustHaveServers && e is (ServerUnavailableException or ExternalServerNotSupportedException))
        {
            skip(e.Message);
            throw;
        }
    }
}
