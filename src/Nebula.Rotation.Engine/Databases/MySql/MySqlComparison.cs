using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>What of two logins' facts must be the same.</summary>
internal static class MySqlComparison
{
    /// <summary>Compares additive facts. What an account is kept for when its login goes is nobody else's.</summary>
    public static SnapshotDiff Additive(LoginSnapshot source, LoginSnapshot target) =>
        SnapshotDiff.Of(source.Facts.Where(IsCompared), target.Facts.Where(IsCompared));

    private static bool IsCompared(PermissionFact fact) => !fact.IsExclusive && fact.Kind != FactKinds.KeptDefiner;
}
