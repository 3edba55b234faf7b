using MongoDB.Driver;
using Nebula.Rotation.Integration.Tests.MongoDb.Wire;

namespace Nebula.Rotation.Integration.Tests.MongoDb;

/// <summary>A server, or a replica set, that tests may make users in: a real one, or the stand-in.</summary>
internal sealed record MongoServer
{
    /// <summary>What a test's output says it ran on; the closing lines of a run repeat it.</summary>
    public required string Kind { get; init; }

    /// <summary>Each with its port.</summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>May do everything.</summary>
    public required Login Admin { get; init; }

    /// <summary>Only the hosts named are to be talked to: the members know each other by names that lead nowhere from here.</summary>
    public bool IsDirect { get; init; }

    public SslMode SslMode { get; init; } = SslMode.Disable;

    public string? CACertificate { get; init; }

    public WireCluster? StandIn { get; init; }

    /// <summary>An application's client of its own.</summary>
    public MongoClient Connect(Login login, string authSource)
    {
        var settings = new MongoClientSettings
        {
            ApplicationName = $"test {Guid.NewGuid():N}",
            Servers = Hosts.Select(MongoServerAddress.Parse),
            Credential = MongoCredential.CreateCredential(authSource, login.Username, login.Password.Reveal()),
            ServerSelectionTimeout = TimeSpan.FromSeconds(20),
            UseTls = SslMode is not (SslMode.Disable or SslMode.Prefer),
            AllowInsecureTls = true,
        };
        if (IsDirect)
            settings.DirectConnection = true;
        return new(settings);
    }

    public static MongoServer Of(WireCluster cluster, Login admin) => new()
    {
        Kind = "stand-in",
        Hosts = [.. cluster.Nodes.Select(node => node.Name)],
        Admin = admin,
        StandIn = cluster,
    };
}
