namespace Nebula.Rotation.Engine.Databases;

/// <summary>What a server takes as a user name.</summary>
/// <param name="MaxLength">The longest name.</param>
/// <param name="Measure">The length of a name in the server's unit: bytes or characters.</param>
/// <param name="Unit">The unit's name, for messages.</param>
/// <param name="ReservedPrefixes">Beginnings the server keeps for itself.</param>
internal sealed record UsernameRules(int MaxLength, Func<string, int> Measure, string Unit, IReadOnlyList<string> ReservedPrefixes);
