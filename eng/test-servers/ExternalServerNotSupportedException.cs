namespace Nebula.Rotation.TestServers;

/// <summary>
/// The server was given by an environment variable, and what was asked for needs a server of our own: its files, its process or its settings.
/// </summary>
public sealed class ExternalServerNotSupportedException : NotSupportedException
{
    /// <param name="variable">The environment variable that gave the server.</param>
    /// <param name="member">What was asked for.</param>
    public ExternalServerNotSupportedException(string variable, string member)
        : base($"{member} needs a server that the tests start themselves; {variable} names one that they did not start. Unset {variable} to use it.")
    {
        Variable = variable;
        Member = member;
    }

    /// <summary>The environment variable that gave the server.</summary>
    public string Variable { get; }

    /// <summary>The member or option that cannot be had.</summary>
    public string Member { get; }
}
