using Nebula.Rotation.Engine.Databases.PostgreSql.Rules;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>What of two logins' facts must be the same, and in which form two that mean the same are equal.</summary>
internal static class PostgreSqlComparison
{
    /// <summary>Compares additive facts, without what the overlap added.</summary>
    public static SnapshotDiff Additive(LoginSnapshot source, LoginSnapshot target)
    {
        var expected = OverlapRule.Without(source, target).Where(IsCompared).ToList();
        var actual = OverlapRule.Without(target, source).Where(IsCompared).ToList();
        return SnapshotDiff.Of(expected, AsKnown(expected, actual));
    }

    /// <summary>A password that never ends says so by no value or by infinity, and ALTER ROLE cannot turn the second into the first.</summary>
    private static bool IsCompared(PermissionFact fact) =>
        !fact.IsExclusive && !(fact is { Kind: FactKinds.Attribute, Name: FactKinds.ValidUntil, Value: FactKinds.Infinity });

    /// <summary>
    /// Before 16 the grantor of a membership may be a role that was dropped: nobody can grant as that one, so the grantor of its twin is not compared.
    /// </summary>
    private static IEnumerable<PermissionFact> AsKnown(List<PermissionFact> expected, List<PermissionFact> actual)
    {
        var unknown = expected.Where(fact => fact.Kind is FactKinds.MemberOf or FactKinds.HasMember && fact.Grantor is null).ToHashSet();
        return unknown.Count == 0 ? actual : actual.Select(fact => unknown.Contains(fact with { Grantor = null }) ? fact with { Grantor = null } : fact);
    }
}
