namespace Nebula.Rotation.TestServers;

/// <summary>Where a PostgreSQL server is, and its superuser.</summary>
internal sealed record PostgresEndpoint(string Host, int Port, string User, string Password, string Database)
{
    /// <summary>Which server it stands for.</summary>
    public PostgresRelease Release { get; init; } = PostgresRelease.Distribution;

    /// <summary>The endpoint that the environment names, or null.</summary>
    /// <exception cref="ServerUnavailableException">It names one in a form that is not understood.</exception>
    public static PostgresEndpoint? FromEnvironment(PostgresRelease release) =>
        Environment.GetEnvironmentVariable(release.Variable()) is { Length: > 0 } uri ? Parse(uri, release) : null;

    /// <summary>Reads <c>postgresql://user:password@host:port/database</c> (libpq, "Connection URIs").</summary>
    public static PostgresEndpoint Parse(string text, PostgresRelease release = PostgresRelease.Distribution)
    {
        // The message never repeats the text: it holds a password.
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("postgresql" or "postgres")
            || uri.UserInfo.Split(':') is not [{ Length: > 0 } user, var password]
            || uri.Host.Length == 0)
        {
            throw new ServerUnavailableException(release.ServerName(), $"{release.Variable()} must have the form postgresql://user:password@host:port/database, percent-encoded.");
        }

        var database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/'));
        return new PostgresEndpoint(
            uri.Host.Trim('[', ']'), uri.Port > 0 ? uri.Port : 5432, Uri.UnescapeDataString(user), Uri.UnescapeDataString(password), database.Length > 0 ? database : "postgres")
        {
            Release = release,
        };
    }
}
