using System.Data.Common;

namespace Nebula.Rotation.Pooling;

/// <summary>What a pool is made with: the login, and what its source knows besides. Printing it gives the user name only.</summary>
public sealed class PoolLogin
{
    private static readonly string[] UsernameKeys = ["Username", "User Name", "User ID", "UserID", "User", "Uid"];
    private static readonly string[] PasswordKeys = ["Password", "Pwd", "PSW"];

    /// <summary>Takes a login.</summary>
    public PoolLogin(Login login)
    {
        ArgumentNullException.ThrowIfNull(login);
        Login = login;
    }

    /// <summary>The login.</summary>
    public Login Login { get; }

    /// <summary>The user name; empty where a connection string names none.</summary>
    public string Username => Login.Username;

    /// <summary>The number of its version, where the source counts them.</summary>
    public int? Version { get; init; }

    /// <summary>Where it leads, where the source knows.</summary>
    public DatabaseCredential? Credential { get; init; }

    /// <summary>The connection string, where the source holds one instead of a login.</summary>
    public Secret? ConnectionString { get; init; }

    /// <summary>Takes a connection string: a URI, or keys and values as ADO.NET providers write them.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.InvalidArgument"/>: it is neither. The message does not repeat it.</exception>
    public static PoolLogin FromConnectionString(Secret connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        return new PoolLogin(ReadLogin(connectionString.Reveal())) { ConnectionString = connectionString };
    }

    /// <summary>What a rotation publishes.</summary>
    public static PoolLogin FromPublication(PublishContext publication)
    {
        ArgumentNullException.ThrowIfNull(publication);
        return new PoolLogin(publication.Login) { Credential = publication.Credential, Version = publication.Credential.Version };
    }

    /// <summary>The user name.</summary>
    public override string ToString() => Username;

    /// <summary>Whether a pool made with the other one would be the same pool.</summary>
    internal bool IsSameAs(PoolLogin other) =>
        Username == other.Username
        && Login.Password.Equals(other.Login.Password)
        && Equals(ConnectionString, other.ConnectionString)
        && LeadsWhere(Credential, other.Credential);

    /// <summary>Text that may quote a driver or a file, without what is secret here.</summary>
    internal string Redact(string text)
    {
        foreach (var secret in new[] { ConnectionString, Login.Password })
        {
            if (secret?.Reveal() is { Length: > 0 } revealed)
                text = text.Replace(revealed, "***", StringComparison.Ordinal);
        }

        return text;
    }

    private static bool LeadsWhere(DatabaseCredential? one, DatabaseCredential? other) =>
        one is null || other is null
            // A source that knows no address says nothing about another one.
            ? true
            : one.HostName.SequenceEqual(other.HostName, StringComparer.OrdinalIgnoreCase)
              && one.Port == other.Port
              && one.Database == other.Database
              && one.SslMode == other.SslMode
              && one.CACertificate == other.CACertificate
              && one.ConnectionTimeout == other.ConnectionTimeout
              && one.MaxConnections == other.MaxConnections
              && one.Option.Count == other.Option.Count
              && one.Option.All(option => other.Option.TryGetValue(option.Key, out var value) && value == option.Value);

    private static Login ReadLogin(string text)
    {
        if (text.Contains("://", StringComparison.Ordinal))
        {
            // Not Uri: a host list (h1:1,h2:2), which PostgreSQL and MongoDB take, is none for it.
            var authority = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..].Split('/', '?', '#')[0];
            var at = authority.LastIndexOf('@');
            var user = at < 0 ? [] : authority[..at].Split(':', 2);
            return new Login(
                user.Length > 0 ? Uri.UnescapeDataString(user[0]) : "",
                new Secret(user.Length > 1 ? Uri.UnescapeDataString(user[1]) : ""));
        }

        DbConnectionStringBuilder parts;
        try
        {
            parts = new DbConnectionStringBuilder { ConnectionString = text };
        }
        catch (ArgumentException)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                "What the source of a pool's login holds is no connection string.",
                "Give it keys and values (Host=…;Username=…) or a URI.");
        }

        return new Login(Find(parts, UsernameKeys), new Secret(Find(parts, PasswordKeys)));
    }

    private static string Find(DbConnectionStringBuilder parts, string[] keys) =>
        keys.Select(key => parts.TryGetValue(key, out var value) ? value as string : null).FirstOrDefault(value => value is not null) ?? "";
}
