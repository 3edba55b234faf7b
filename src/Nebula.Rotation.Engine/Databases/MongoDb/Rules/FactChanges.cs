namespace Nebula.Rotation.Engine.Databases.MongoDb.Rules;

/// <summary>What a rule has to change, of its own kind.</summary>
/// <param name="Wanted">All that the user shall have.</param>
/// <param name="Missing">What it lacks.</param>
/// <param name="Extra">What it has too much; a fact with another value is in both.</param>
internal sealed record FactChanges(IReadOnlyList<PermissionFact> Wanted, IReadOnlyList<PermissionFact> Missing, IReadOnlyList<PermissionFact> Extra)
{
    public bool Any => Missing.Count > 0 || Extra.Count > 0;
}
