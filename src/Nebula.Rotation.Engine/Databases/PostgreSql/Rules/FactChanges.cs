namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>What a rule has to change, of its own kind.</summary>
/// <param name="Missing">What the login lacks.</param>
/// <param name="Extra">What it has too much; a fact with another value is in both.</param>
internal sealed record FactChanges(IReadOnlyList<PermissionFact> Missing, IReadOnlyList<PermissionFact> Extra);
