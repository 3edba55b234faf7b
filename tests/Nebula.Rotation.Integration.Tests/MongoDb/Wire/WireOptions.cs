using System.Security.Cryptography.X509Certificates;

namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>Which kind of server the stand-in plays.</summary>
internal sealed record WireOptions
{
    /// <summary>Servers that share the data: one is a standalone, several a replica set with the first as its primary, or as many routers.</summary>
    public int Members { get; init; } = 1;

    public string SetName { get; init; } = "rs0";

    /// <summary>Each is a mongos: it keeps users in a cache of its own until it is told, or 30 s have gone by.</summary>
    public bool AreRouters { get; init; }

    /// <summary>Like Azure DocumentDB and FerretDB: no grantRolesToUser, no restrictions, and an answer without "users" for a name that nobody has.</summary>
    public bool IsCompatible { get; init; }

    /// <summary>$currentOp tells who is logged in on a connection only while it does something.</summary>
    public bool HidesIdleUsers { get; init; }

    /// <summary>A member that the others name, and that is not there.</summary>
    public string? MissingMember { get; init; }

    /// <summary>Offers TLS, and nothing else.</summary>
    public X509Certificate2? Certificate { get; init; }
}
