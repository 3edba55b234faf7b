using MongoDB.Driver.Core.Clusters;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>Why no server was to be had, by what the driver last saw of each. Its own message is a page long.</summary>
/// <param name="Text">The servers and what they are.</param>
/// <param name="Exception">What went wrong with the first that cannot be talked to.</param>
internal sealed record ClusterReason(string Text, Exception? Exception)
{
    public static ClusterReason Of(ClusterDescription cluster)
    {
        var exception = cluster.Servers.Select(server => server.HeartbeatException).FirstOrDefault(error => error is not null) ?? cluster.DnsMonitorException;
        return new(string.Join(", ", cluster.Servers.Select(server => $"{MongoDbEndpoint.Of(server.EndPoint)} is {server.Type}")), exception);
    }
}
