using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>What is known of the server that takes changes.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Features">What it can do.</param>
internal sealed record MongoDbServer(string Version, MongoDbFeatures Features)
{
    public ServerDescription Description { get; } = new($"MongoDB {Version}", (long)Features);

    public bool Has(MongoDbFeatures feature) => (Features & feature) != 0;
}
