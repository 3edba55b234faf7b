using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>What a server said about itself when it was connected to.</summary>
/// <param name="Version">Its version.</param>
/// <param name="VersionText">Its version in its own words.</param>
/// <param name="PasswordsAreMd5">password_encryption is md5.</param>
/// <param name="ScramIterations">Rounds of a SCRAM verifier (scram_iterations, 16+).</param>
/// <param name="AdminIsSuperuser">Whether the connected role is a superuser.</param>
/// <param name="SearchPath">The search_path of a session for which nothing sets one.</param>
internal sealed record PostgreSqlServer(Version Version, string VersionText, bool PasswordsAreMd5, int ScramIterations, bool AdminIsSuperuser, string SearchPath)
{
    /// <summary>The oldest version that is supported.</summary>
    public static Version Oldest { get; } = new(13, 0);

    public PostgreSqlFeatures Features =>
        (Version.Major >= 16 ? PostgreSqlFeatures.MembershipOptions | PostgreSqlFeatures.AnySubscriptionOwner : PostgreSqlFeatures.None)
        | (Version.Major >= 18 ? PostgreSqlFeatures.LargeObjectDefaults : PostgreSqlFeatures.None);

    public ServerDescription Description => new($"PostgreSQL {VersionText}", (long)Features);
}
