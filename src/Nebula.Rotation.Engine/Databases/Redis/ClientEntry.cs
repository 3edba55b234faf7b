using System.Globalization;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>A line of CLIENT LIST.</summary>
internal sealed record ClientEntry(string Id, string Address, string Name, string User, TimeSpan Age, string Flags, string Command, int Subscriptions)
{
    /// <summary>The server's own: a replica's link, or a sentinel. They follow when they are told to (masteruser, auth-user).</summary>
    public bool IsServer => IsReplica || IsSentinel;

    public bool IsReplica => Flags.Contains('S', StringComparison.Ordinal) && !Flags.Contains('O', StringComparison.Ordinal);

    public bool IsSentinel => Name.StartsWith("sentinel-", StringComparison.Ordinal) && Name.Split('-') is [_, { Length: 8 }, "cmd" or "pubsub"];

    /// <summary>The tool's own connections are no use of the login by anybody.</summary>
    public bool IsOurs => Name == RedisConnector.ClientName;

    /// <summary>What it is doing, in the server's word.</summary>
    public string State => Subscriptions > 0 ? string.Create(CultureInfo.InvariantCulture, $"subscribed ({Subscriptions})")
        : Flags.Contains('b', StringComparison.Ordinal) ? $"blocked in {Command}"
        : Command;

    public static IReadOnlyList<ClientEntry> ReadAll(object? reply) =>
        [.. (reply as string ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Read)];

    private static ClientEntry Read(string line)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in line.TrimEnd('\r').Split(' '))
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                fields.TryAdd(field[..equals], field[(equals + 1)..]);
        }

        return new(
            fields.GetValueOrDefault("id", ""),
            fields.GetValueOrDefault("addr", ""),
            fields.GetValueOrDefault("name", ""),
            fields.GetValueOrDefault("user", ""),
            TimeSpan.FromSeconds(Number("age")),
            fields.GetValueOrDefault("flags", ""),
            fields.GetValueOrDefault("cmd", ""),
            (int)(Number("sub") + Number("psub") + Number("ssub")));

        long Number(string name) => long.TryParse(fields.GetValueOrDefault(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? Math.Max(number, 0) : 0;
    }
}
