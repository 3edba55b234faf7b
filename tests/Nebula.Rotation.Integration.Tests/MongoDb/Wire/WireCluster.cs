using System.Collections.Concurrent;
using System.Collections.Immutable;
using MongoDB.Bson;

namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>
/// A stand-in for MongoDB at the level of its wire protocol, for machines on which there is none: users, roles and authorization as the manual has them,
/// a handful of data commands, one server or several. The driver that talks to it is the real one. It proves what we send and how we take what comes
/// back; that mongod behaves so is proved where a mongod is to be had.
/// </summary>
internal sealed class WireCluster : IAsyncDisposable
{
    private readonly List<WireNode> _nodes = [];
    private int _elections = 1;

    private WireCluster(WireOptions options) => Options = options;

    public WireOptions Options { get; }

    public object Gate { get; } = new();

    public IReadOnlyList<WireNode> Nodes => _nodes;

    public WireNode Primary { get; private set; } = null!;

    public bool IsSet => Options is { Members: > 1, AreRouters: false };

    public ImmutableDictionary<(string Db, string Name), WireUser> Users { get; set; } = ImmutableDictionary<(string, string), WireUser>.Empty;

    /// <summary>The roles that somebody made, with those that each includes.</summary>
    public Dictionary<(string Db, string Name), List<(string Role, string Db)>> Roles { get; } = [];

    public Dictionary<string, List<BsonDocument>> Collections { get; } = [];

    /// <summary>Every command that came, with the name of the client that sent it.</summary>
    public ConcurrentQueue<(string Application, string Command)> Log { get; } = [];

    /// <summary>What goes wrong: asked for each command.</summary>
    public Func<WireNode, BsonDocument, WireFault> Fault { get; set; } = (_, _) => WireFault.None;

    public ObjectId ElectionId => new($"7fffffff{_elections:x16}");

    public static WireCluster Start(WireOptions options, string adminName, string adminPassword)
    {
        var cluster = new WireCluster(options);
        cluster.Users = cluster.Users.Add(("admin", adminName), new(adminName, "admin")
        {
            Roles = [("root", "admin")],
            Credentials = new[] { WireScramKeys.Sha1, WireScramKeys.Sha256 }.ToDictionary(mechanism => mechanism, mechanism => WireScramKeys.Derive(mechanism, adminName, adminPassword)),
        });
        for (var index = 0; index < options.Members; index++)
            cluster._nodes.Add(new(cluster));
        cluster.Primary = cluster._nodes[0];
        foreach (var node in cluster._nodes)
            node.Start();
        return cluster;
    }

    /// <summary>Another member becomes the primary; connections stay, as they do since 4.2.</summary>
    public void StepDown()
    {
        lock (Gate)
        {
            Primary = _nodes[(_nodes.IndexOf(Primary) + 1) % _nodes.Count];
            _elections++;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }
}
