namespace Nebula.Rotation.Engine.Databases;

/// <summary>What is known of a login's sessions at one moment, over every endpoint.</summary>
/// <param name="Seen">The sessions that servers listed.</param>
/// <param name="Unasked">The endpoints that could not be asked: what is there is not known.</param>
internal sealed record LoginSessions(IReadOnlyList<LoginSession> Seen, IReadOnlyList<UnaskedEndpoint> Unasked)
{
    /// <summary>True when every endpoint was asked and none has a session.</summary>
    public bool AreNone => Seen.Count == 0 && Unasked.Count == 0;

    /// <summary>The unasked endpoints with their reasons, for messages; empty when there is none.</summary>
    public string Unknown => UnaskedEndpoint.Describe(Unasked);
}
