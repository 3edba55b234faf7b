namespace Nebula.Rotation.Engine.Databases;

/// <summary>What came of ending a login's sessions.</summary>
/// <param name="Count">How many ended.</param>
/// <param name="Unasked">The endpoints where none could be ended.</param>
internal sealed record EndedSessions(int Count, IReadOnlyList<UnaskedEndpoint> Unasked)
{
    /// <summary>The unasked endpoints with their reasons, for messages; empty when there is none.</summary>
    public string Unknown => UnaskedEndpoint.Describe(Unasked);
}
