namespace Nebula.Rotation;

/// <summary>What of a login an entry of a publish target holds: one of its parts, or a connection string.</summary>
public enum PublishFormat
{
    /// <summary>A URI with percent-encoded parts, such as <c>postgresql://…</c>.</summary>
    Uri,

    /// <summary>What the database's ADO.NET driver takes.</summary>
    AdoNet,

    /// <summary>Keyword and value pairs as libpq takes them (PostgreSQL only).</summary>
    Libpq,

    /// <summary>A JDBC URL.</summary>
    Jdbc,

    /// <summary>The user name.</summary>
    Username,

    /// <summary>The password.</summary>
    Password,

    /// <summary>The host names, with a comma between.</summary>
    Host,

    /// <summary>The port.</summary>
    Port,

    /// <summary>The database.</summary>
    Database,

    /// <summary>User name and password as one PSCredential; for <see cref="PublishTargetKind.SecretVault"/> only.</summary>
    Credential,
}
