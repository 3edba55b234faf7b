using System.Net;
using MongoDB.Bson;

namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>authenticationRestrictions (manual, "createUser"): any one of them suffices, and each may name clients and servers by address or CIDR.</summary>
internal static class WireRestrictions
{
    public static bool Allow(WireUser user, IPAddress client) =>
        user.Restrictions.Count == 0 || user.Restrictions.OfType<BsonDocument>().Any(one => Matches(one, "clientSource", client) && Matches(one, "serverAddress", IPAddress.Loopback));

    public static void Validate(BsonArray restrictions)
    {
        foreach (var one in restrictions)
        {
            if (one is not BsonDocument document || document.Names.Any(name => name is not ("clientSource" or "serverAddress")))
                throw WireError.BadValue("Invalid authentication restriction.");
            foreach (var address in document.Values.SelectMany(value => value.AsBsonArray))
            {
                if (!IPNetwork.TryParse(Network(address.AsString), out _))
                    throw WireError.BadValue($"'{address}' is not an address.");
            }
        }
    }

    private static bool Matches(BsonDocument restriction, string field, IPAddress address) =>
        !restriction.TryGetValue(field, out var list) || list.AsBsonArray.Any(item => IPNetwork.Parse(Network(item.AsString)).Contains(address));

    private static string Network(string text) => text.Contains('/', StringComparison.Ordinal) ? text : $"{text}/{(text.Contains(':', StringComparison.Ordinal) ? 128 : 32)}";
}
