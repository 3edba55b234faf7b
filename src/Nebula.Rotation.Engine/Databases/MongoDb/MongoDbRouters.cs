using MongoDB.Bson;
using MongoDB.Driver.Core.Servers;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>
/// A mongos keeps users in a cache and looks for changes every 30 seconds, unless told otherwise (manual, "userCacheInvalidationIntervalSecs"); the one
/// that made a change knows it at once. The others are told to forget, or their time is waited for. A mongod knows by replication.
/// </summary>
internal sealed class MongoDbRouters(MongoDbSession session, Func<MongoDbEndpoint, CancellationToken, Task<MongoDbSession>> openAsync)
{
    private const string Interval = "userCacheInvalidationIntervalSecs";

    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(30);

    public async Task ForgetUsersAsync(CancellationToken cancellationToken)
    {
        if (!session.Server.Has(MongoDbFeatures.Router))
            return;
        var routers = session.Servers.Where(server => server.Type is ServerType.ShardRouter or ServerType.Unknown).Select(server => MongoDbEndpoint.Of(server.EndPoint)).ToList();
        var told = await Task.WhenAll(routers.Select(router => TellAsync(router, cancellationToken)));
        if (told.Contains(false))
            await Task.Delay(await ReadIntervalAsync(cancellationToken), cancellationToken);
    }

    private async Task<bool> TellAsync(MongoDbEndpoint router, CancellationToken cancellationToken)
    {
        try
        {
            await (await openAsync(router, cancellationToken)).ReadAsync("admin", new("invalidateUserCache", 1), cancellationToken);
            return true;
        }
        catch (Exception e) when (e is MongoDbCommandError or RotationException)
        {
            // One that is not reached now may be back before its cache has gone stale.
            return false;
        }
    }

    private async Task<TimeSpan> ReadIntervalAsync(CancellationToken cancellationToken)
    {
        try
        {
            var reply = await session.ReadAsync("admin", new BsonDocument { { "getParameter", 1 }, { Interval, 1 } }, cancellationToken);
            return reply.TryGetValue(Interval, out var seconds) && seconds.IsNumeric ? TimeSpan.FromSeconds(seconds.ToDouble()) : DefaultInterval;
        }
        catch (MongoDbCommandError)
        {
            return DefaultInterval;
        }
    }
}
