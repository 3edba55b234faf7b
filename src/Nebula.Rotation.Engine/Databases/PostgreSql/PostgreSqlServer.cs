using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>What a server said about itself when it was connected to.</summary>
/// <param name="Version">Its version.</param>
/// <param name="VersionText">Its version in its own words.</param>
/// <param name="PasswordsAreMd5">password_encryption is md5.</param>
/// <param name="ScramIterations">Rounds of a SCRAM verifier (scram_iterations, 16+).</param>
/// <param name="AdminIsSuperuser">Whether the connected role is a superuser.</param>
/// <param name="SearchPath">The search_path of a session for which nothing sets one; null when the connected role cannot see it.</param>
/// <param name="Locks">How many locks on objects all sessions can have together (max_locks_per_transaction times sessions and prepared transactions).</param>
internal sealed record PostgreSqlServer(
    Version Version, string VersionText, bool PasswordsAreMd5, int ScramIterations, bool AdminIsSuperuser, string? SearchPath, int Locks)
{
    /// <summary>Of all locks, one transaction takes a quarter at most: the application has its own.</summary>
    private const int Share = 4;

    /// <summary>What the connected role may read of what PostgreSQL keeps for superusers.</summary>
    public PostgreSqlReadable Readable { get; init; }

    /// <summary>The oldest version that is supported.</summary>
    public static Version Oldest { get; } = new(13, 0);

    public PostgreSqlFeatures Features =>
        (Version.Major >= 16 ? PostgreSqlFeatures.MembershipOptions | PostgreSqlFeatures.AnySubscriptionOwner : PostgreSqlFeatures.None)
        | (Version.Major >= 18 ? PostgreSqlFeatures.LargeObjectDefaults : PostgreSqlFeatures.None);

    /// <summary>
    /// How many objects one transaction may grant or revoke on. Since 18 each stays locked until its end; before (seen on 15), GRANT locks none of them.
    /// </summary>
    public int ObjectsPerTransaction => Version.Major >= 18 ? Math.Max(Locks / Share, 1) : int.MaxValue;

    public ServerDescription Description => new($"PostgreSQL {VersionText}", (long)Features);
}
