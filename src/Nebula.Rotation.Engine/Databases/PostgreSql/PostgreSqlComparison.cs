using Nebula.Rotation.Engine.Databases.PostgreSql.Rules;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>What of two logins' facts must be the same, and in which form two that mean the same are equal.</summary>
internal static class PostgreSqlComparison
{
    /// <summary>Compares additive facts, without what the overlap added.</summary>
    public static SnapshotDiff Additive(LoginSnapshot source, LoginSnapshot target)
    {
        var databases = Paths(source).Intersect(Paths(target)).ToHashSet();
        var expected = OverlapRule.Without(source, target).Where(fact => IsCompared(fact, target.Exists ? databases : null)).ToList();
        var actual = OverlapRule.Without(target, source).Where(fact => IsCompared(fact, source.Exists ? databases : null)).ToList();
        return SnapshotDiff.Of([.. AsKnown(actual, expected)], AsKnown(expected, actual));
    }

    private static IEnumerable<string?> Paths(LoginSnapshot login) =>
        login.Facts.Where(fact => fact.Kind == FactKinds.SearchPath).Select(fact => fact.Database);

    /// <summary>
    /// A password that never ends says so by no value or by infinity, and ALTER ROLE cannot turn the second into the first. A path is compared in
    /// databases that were visited for both.
    /// </summary>
    private static bool IsCompared(PermissionFact fact, HashSet<string?>? databases) =>
        !fact.IsExclusive
        && !(fact is { Kind: FactKinds.Attribute, Name: FactKinds.ValidUntil, Value: FactKinds.Infinity })
        && (fact.Kind != FactKinds.SearchPath || databases is null || databases.Contains(fact.Database));

    /// <summary>
    /// Before 16 the grantor of a membership may be a role that was dropped: nobody can grant as that one, so the grantor of its twin is not compared. An admin that is no superuser
    /// reads no grantors of memberships at all, since it cannot choose them.
    /// </summary>
    private static IEnumerable<PermissionFact> AsKnown(List<PermissionFact> expected, List<PermissionFact> actual)
    {
        var unknown = expected.Where(fact => fact.Kind is FactKinds.MemberOf or FactKinds.HasMember && fact.Grantor is null).ToHashSet();
        return unknown.Count == 0 ? actual : actual.Select(fact => unknown.Contains(fact with { Grantor = null }) ? fact with { Grantor = null } : fact);
    }
}
