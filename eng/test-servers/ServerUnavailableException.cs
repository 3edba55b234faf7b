namespace Nebula.Rotation.TestServers;

/// <summary>A test server cannot be had on this machine. The message says which one and why.</summary>
public sealed class ServerUnavailableException : Exception
{
    /// <param name="server">The server's name, such as <c>PostgreSQL</c>.</param>
    /// <param name="reason">Why it cannot be had, and what would help.</param>
    /// <param name="innerException">What failed, if something did.</param>
    public ServerUnavailableException(string server, string reason, Exception? innerException = null)
        : base($"{server} is not available: {reason}", innerException)
    {
        Server = server;
        Reason = reason;
    }

    /// <summary>The server's name.</summary>
    public string Server { get; }

    /// <summary>Why it cannot be had.</summary>
    public string Reason { get; }
}
