using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>What of two logins' facts must be the same, and when two texts of rules mean the same.</summary>
internal static class RedisComparison
{
    public static bool IsAdditive(PermissionFact fact) => !fact.IsExclusive && fact.Kind != FactKinds.NodeDifference;

    /// <summary>Compares additive facts. With <paramref name="mayHaveMore"/>, rules that allow all of the expected ones' commands and others will do.</summary>
    public static SnapshotDiff Additive(LoginSnapshot source, LoginSnapshot target, bool mayHaveMore)
    {
        var expected = source.Facts.Where(IsAdditive).ToList();
        // A node of the target's that is not like the others is too much; of the source's it is somebody else's matter.
        var actual = target.Facts.Where(fact => !fact.IsExclusive).Select(fact => AsExpected(fact)).ToList();
        return SnapshotDiff.Of(expected, actual);

        PermissionFact AsExpected(PermissionFact fact)
        {
            if (fact.Kind != FactKinds.Commands || expected.FindAll(other => other.Kind == FactKinds.Commands && other.Database == fact.Database) is not [var wanted] || wanted.Value == fact.Value)
                return fact;
            return source.AllowedIn(fact.Database) is { } needed && target.AllowedIn(fact.Database) is { } there && (mayHaveMore ? there.IsSupersetOf(needed) : there.SetEquals(needed))
                ? wanted
                : fact;
        }
    }
}
