using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>What a server said about itself when it was connected to.</summary>
/// <param name="VersionText">Its version in its own words.</param>
/// <param name="Features">What it can do.</param>
/// <param name="UsernameWidth">The longest user name, in characters: the width of the grant table's column.</param>
/// <param name="ConnectionId">The number of the session that asked.</param>
/// <param name="IsEncrypted">Whether that session has TLS.</param>
internal sealed record MySqlServerInfo(string VersionText, MySqlFeatures Features, int UsernameWidth, long ConnectionId, bool IsEncrypted)
{
    public bool IsMariaDb => Has(MySqlFeatures.GlobalPriv);

    public ServerDescription Description => new($"{(IsMariaDb ? "MariaDB" : "MySQL")} {VersionText}", (long)Features);

    public bool Has(MySqlFeatures feature) => (Features & feature) != 0;
}
