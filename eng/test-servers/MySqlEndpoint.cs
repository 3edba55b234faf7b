namespace Nebula.Rotation.TestServers;

/// <summary>Where a server of the MySQL family is, and its superuser.</summary>
internal sealed record MySqlEndpoint(string Host, int Port, string User, string Password)
{
    /// <summary>Which server it stands for.</summary>
    public required MySqlRelease Release { get; init; }

    /// <summary>The endpoint that the environment names, or null.</summary>
    /// <exception cref="ServerUnavailableException">It names one in a form that is not understood.</exception>
    public static MySqlEndpoint? FromEnvironment(MySqlRelease release) =>
        Environment.GetEnvironmentVariable(release.Variable()) is { Length: > 0 } uri ? Parse(uri, release) : null;

    /// <summary>Reads <c>mysql://user:password@host:port</c>.</summary>
    public static MySqlEndpoint Parse(string text, MySqlRelease release)
    {
        // The message never repeats the text: it holds a password.
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("mysql" or "mariadb")
            || uri.UserInfo.Split(':') is not [{ Length: > 0 } user, var password]
            || uri.Host.Length == 0)
        {
            throw new ServerUnavailableException(release.ServerName(), $"{release.Variable()} must have the form mysql://user:password@host:port, percent-encoded.");
        }

        return new MySqlEndpoint(uri.Host.Trim('[', ']'), uri.Port > 0 ? uri.Port : 3306, Uri.UnescapeDataString(user), Uri.UnescapeDataString(password)) { Release = release };
    }
}
