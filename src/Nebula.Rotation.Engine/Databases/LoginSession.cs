namespace Nebula.Rotation.Engine.Databases;

/// <summary>A session of a login, as the server lists it.</summary>
/// <param name="Id">The server's number for it, unique with <paramref name="StartedAt"/>.</param>
/// <param name="Host">Where it comes from.</param>
/// <param name="Application">What the client calls itself.</param>
/// <param name="StartedAt">When it connected, by the server's clock.</param>
/// <param name="Age">How long ago that was, by the server's clock.</param>
/// <param name="State">What it is doing, in the server's word.</param>
internal sealed record LoginSession(string Id, string Host, string Application, DateTimeOffset StartedAt, TimeSpan Age, string State)
{
    /// <summary>The endpoint that listed it, where there are several and it is not the one that takes changes.</summary>
    public string? Endpoint { get; init; }
}
