namespace Nebula.Rotation.Engine.Snapshots;

/// <summary>The proof: what one login has and another lacks.</summary>
/// <param name="Missing">In the expected facts only.</param>
/// <param name="Extra">In the actual facts only.</param>
internal sealed record SnapshotDiff(IReadOnlyList<PermissionFact> Missing, IReadOnlyList<PermissionFact> Extra)
{
    /// <summary>How many facts were expected: a comparison of nothing proves nothing.</summary>
    public int Compared { get; init; }

    public bool IsEmpty => Missing.Count == 0 && Extra.Count == 0;

    /// <summary>Compares facts as sets.</summary>
    public static SnapshotDiff Of(IEnumerable<PermissionFact> expected, IEnumerable<PermissionFact> actual)
    {
        var left = expected.ToHashSet();
        var right = actual.ToHashSet();
        return new(Sorted(left.Where(fact => !right.Contains(fact))), Sorted(right.Where(fact => !left.Contains(fact)))) { Compared = left.Count };
    }

    private static List<PermissionFact> Sorted(IEnumerable<PermissionFact> facts)
    {
        var sorted = facts.ToList();
        sorted.Sort(FactOrder.Instance);
        return sorted;
    }
}
