namespace Nebula.Rotation.Engine.Databases;

/// <summary>An endpoint that could not be asked for sessions, or whose answer means nothing yet.</summary>
/// <param name="Endpoint">Host and port.</param>
/// <param name="Reason">Why, as a sentence.</param>
internal sealed record UnaskedEndpoint(string Endpoint, string Reason)
{
    public static string Describe(IReadOnlyList<UnaskedEndpoint> endpoints) =>
        string.Join(" ", endpoints.Select(endpoint => endpoint.Reason));
}
