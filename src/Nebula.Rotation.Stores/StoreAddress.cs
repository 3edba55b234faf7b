using System.Globalization;

namespace Nebula.Rotation.Stores;

/// <summary>
/// The address of a shared store, written as libpq has it (manual, "Connection URIs"): <c>postgresql://user@host:port,host:port/database?name=value</c>.
/// No message repeats it, since it may hold a password.
/// </summary>
public sealed class StoreAddress
{
    private const int DefaultPort = 5432;

    private static readonly string[] KnownOptions =
        ["sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding", "target_session_attrs", "connect_timeout", "application_name", "passfile", "host", "port", "user", "dbname"];

    private StoreAddress()
    {
    }

    /// <summary>Host names, addresses or socket folders, with their ports.</summary>
    public required IReadOnlyList<(string Host, int Port)> Hosts { get; init; }

    /// <summary>The database; null for the one that is named like the user.</summary>
    public required string? Database { get; init; }

    /// <summary>The user; null for what PGUSER says, else the account's name.</summary>
    public required string? Username { get; init; }

    /// <summary>The password, where it may be given; null for PGPASSWORD, the password file, or none.</summary>
    public required Secret? Password { get; init; }

    /// <summary>The options that are left, by their libpq names.</summary>
    public required IReadOnlyDictionary<string, string> Options { get; init; }

    /// <summary>True for the address of a PostgreSQL store.</summary>
    public static bool IsAddress(string text) =>
        text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads an address.</summary>
    /// <param name="text">The address.</param>
    /// <param name="mayHavePassword">False for one that was given as an argument: those are kept in histories, transcripts and process lists.</param>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.InvalidArgument"/>.</exception>
    public static StoreAddress Parse(string text, bool mayHavePassword)
    {
        var rest = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var options = ReadOptions(ref rest);
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var database = slash < 0 ? null : Decode(rest[(slash + 1)..]);
        var authority = slash < 0 ? rest : rest[..slash];
        var at = authority.LastIndexOf('@');
        var (user, password) = at < 0 ? (null, null) : Split(authority[..at], ':');
        if ((password is not null || options.ContainsKey("password")) && !mayHavePassword)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                "The store's address has a password, and arguments are kept in histories, transcripts and process lists.",
                $"Leave it out and give it in PGPASSWORD, in a password file (PGPASSFILE), or within an address in {StoreLocation.VariableName}. "
                + "Change the one that was just shown.");
        }

        options.Remove("password", out var named);
        if (options.Keys.FirstOrDefault(name => !KnownOptions.Contains(name)) is { } unknown)
            throw Invalid($"has an option '{unknown}', which is not known here; known are {string.Join(", ", KnownOptions)}");
        options.Remove("host", out var hosts);
        options.Remove("port", out var ports);
        options.Remove("user", out var userOption);
        options.Remove("dbname", out var databaseOption);
        return new StoreAddress
        {
            Hosts = ReadHosts(hosts ?? authority[(at + 1)..], ports),
            Database = NullIfEmpty(databaseOption) ?? NullIfEmpty(database),
            Username = NullIfEmpty(userOption) ?? NullIfEmpty(Decode(user)),
            Password = NullIfEmpty(named ?? Decode(password)) is { } secret ? new Secret(secret) : null,
            Options = options,
        };
    }

    /// <summary>The address without its password and options, for messages.</summary>
    public override string ToString() =>
        $"postgresql://{(Username is null ? "" : Uri.EscapeDataString(Username) + "@")}{string.Join(',', Hosts.Select(Describe))}/{(Database is null ? "" : Uri.EscapeDataString(Database))}";

    private static string Describe((string Host, int Port) host)
    {
        var name = host.Host.Contains('/', StringComparison.Ordinal) ? Uri.EscapeDataString(host.Host) : host.Host.Contains(':', StringComparison.Ordinal) ? $"[{host.Host}]" : host.Host;
        return host.Port == DefaultPort ? name : string.Create(CultureInfo.InvariantCulture, $"{name}:{host.Port}");
    }

    private static Dictionary<string, string> ReadOptions(ref string rest)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        if (question < 0)
            return options;
        foreach (var part in rest[(question + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = Split(part, '=');
            options[Decode(name) ?? ""] = Decode(value) ?? throw Invalid("has an option without a value");
        }

        rest = rest[..question];
        return options;
    }

    private static List<(string Host, int Port)> ReadHosts(string text, string? ports)
    {
        var names = text.Split(',');
        var numbers = ports?.Split(',');
        if (numbers is not null && numbers.Length != 1 && numbers.Length != names.Length)
            throw Invalid("names another number of ports than of hosts");
        return [.. names.Select((name, index) =>
        {
            var (host, port) = SplitPort(name);
            port ??= numbers?[numbers.Length == 1 ? 0 : index];
            var number = DefaultPort;
            if (!string.IsNullOrEmpty(port) && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number is < 1 or > 65535))
                throw Invalid("has a port that is not from 1 to 65535");
            return (NullIfEmpty(Decode(host)) ?? "localhost", number);
        })];
    }

    private static (string Host, string? Port) SplitPort(string text)
    {
        if (!text.StartsWith('['))
            return Split(text, ':') is var (host, port) ? (host!, port) : default;
        var end = text.IndexOf(']', StringComparison.Ordinal);
        if (end < 0)
            throw Invalid("has a bracket that is not closed");
        var rest = text[(end + 1)..];
        return (text[1..end], rest.StartsWith(':') ? rest[1..] : rest.Length == 0 ? null : throw Invalid("has something behind a bracket that is no port"));
    }

    private static (string? First, string? Second) Split(string text, char separator)
    {
        var index = text.IndexOf(separator, StringComparison.Ordinal);
        return index < 0 ? (text, null) : (text[..index], text[(index + 1)..]);
    }

    private static string? Decode(string? text) => text is null ? null : Uri.UnescapeDataString(text);

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static RotationException Invalid(string what) => new(
        RotationErrorCode.InvalidArgument,
        $"The store's address {what}.",
        "Write it as postgresql://user@host:port/database?sslmode=verify-full; characters with a meaning, such as @ and /, as %40 and %2F.");
}
