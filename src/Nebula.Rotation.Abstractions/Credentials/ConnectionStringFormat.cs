namespace Nebula.Rotation;

/// <summary>The form of a connection string.</summary>
public enum ConnectionStringFormat
{
    /// <summary>A URI with percent-encoded parts, such as <c>postgresql://…</c>.</summary>
    Uri,

    /// <summary>What the database's ADO.NET driver takes.</summary>
    AdoNet,

    /// <summary>Keyword and value pairs as libpq takes them (PostgreSQL only).</summary>
    Libpq,

    /// <summary>A JDBC URL, user name and password as its parameters.</summary>
    Jdbc,

    /// <summary>Lines for a .env file.</summary>
    DotEnv,
}
