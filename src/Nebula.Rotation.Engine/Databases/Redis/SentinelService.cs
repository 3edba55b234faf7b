using System.Globalization;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>The primary that a sentinel watches, under its name.</summary>
internal static class SentinelService
{
    /// <summary>The service that the credential names, or the only one that there is; null when the sentinel may not be asked.</summary>
    public static async Task<(string Name, RedisEndpoint Primary)?> FindAsync(RedisNode sentinel, DatabaseCredential credential, CancellationToken cancellationToken)
    {
        var reply = (await sentinel.AskAsync([["SENTINEL", "MASTERS"]], cancellationToken))[0];
        if (reply is not List<object?> masters)
            return null;
        var services = masters.Select(master => (Name: Field(master, "name") ?? "", Primary: ReadAddress(master))).Where(service => service.Primary is not null).ToList();
        var wanted = RedisOptions.ServiceName(credential);
        if (wanted is null && services.Count > 1)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"The sentinel {sentinel.Name} watches {string.Join(", ", services.Select(service => service.Name))}.",
                "Say which one: -Option @{ ServiceName = '…' }.");
        }

        var chosen = services.Where(service => wanted is null || service.Name == wanted).ToList();
        return chosen is [var one]
            ? (one.Name, one.Primary!)
            : throw new RotationException(
                RotationErrorCode.InvalidArgument, $"The sentinel {sentinel.Name} watches nothing called '{wanted}'.", "Check the option ServiceName and the sentinel's `sentinel monitor`.");
    }

    /// <summary>The address in a list of names and values.</summary>
    public static RedisEndpoint? ReadAddress(object? reply) =>
        Field(reply, "ip") is { Length: > 0 } ip && int.TryParse(Field(reply, "port"), CultureInfo.InvariantCulture, out var port) && port > 0 ? new(ip, port) : null;

    private static string? Field(object? reply, string name)
    {
        var fields = reply as List<object?> ?? [];
        for (var at = 0; at + 1 < fields.Count; at += 2)
        {
            if (fields[at] as string == name)
                return fields[at + 1] as string;
        }

        return null;
    }
}
