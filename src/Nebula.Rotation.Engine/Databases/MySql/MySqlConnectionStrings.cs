using System.Globalization;
using System.Text;
using MySqlConnector;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>Connection strings in the forms that clients of MySQL and MariaDB take.</summary>
internal static class MySqlConnectionStrings
{
    public static Secret Format(DatabaseCredential credential, Login login, ConnectionStringFormat format) => new(format switch
    {
        ConnectionStringFormat.Uri => ToUri(credential, login),
        ConnectionStringFormat.AdoNet => ToAdoNet(credential, login),
        ConnectionStringFormat.Jdbc => ToJdbc(credential, login),
        ConnectionStringFormat.DotEnv => ToDotEnv(credential, login),
        _ => throw new RotationException(
            RotationErrorCode.InvalidArgument, $"MySQL has no connection string of the form {format}.", "Use Uri, AdoNet, Jdbc or DotEnv."),
    });

    /// <summary>A socket needs no TLS, and few servers offer it there.</summary>
    public static MySqlSslMode ToDriver(SslMode mode, bool isSocket) => mode switch
    {
        SslMode.Disable => MySqlSslMode.None,
        SslMode.Prefer => isSocket ? MySqlSslMode.None : MySqlSslMode.Preferred,
        SslMode.Require => MySqlSslMode.Required,
        SslMode.VerifyCA => MySqlSslMode.VerifyCA,
        _ => MySqlSslMode.VerifyFull,
    };

    /// <summary>The word of MySQL's own clients (manual, "Command Options for Encrypted Connections") and of Connector/J.</summary>
    private static string ToClient(SslMode mode) => mode switch
    {
        SslMode.Disable => "DISABLED",
        SslMode.Prefer => "PREFERRED",
        SslMode.Require => "REQUIRED",
        SslMode.VerifyCA => "VERIFY_CA",
        _ => "VERIFY_IDENTITY",
    };

    /// <summary>Manual, "Connecting to the Server Using URI-Like Strings": several hosts in brackets, a socket in parentheses.</summary>
    private static string ToUri(DatabaseCredential credential, Login login)
    {
        var endpoints = Endpoints(credential);
        var hosts = endpoints.Select(endpoint => endpoint.IsSocket ? $"({endpoint.Host})" : endpoint.ToString()).ToList();
        var options = new List<string> { $"ssl-mode={ToClient(credential.SslMode)}" };
        if (credential.CACertificate is { } authority)
            options.Add($"ssl-ca={Uri.EscapeDataString(authority)}");
        return $"mysql://{Uri.EscapeDataString(login.Username)}:{Uri.EscapeDataString(login.Password.Reveal())}@"
            + $"{(hosts.Count == 1 ? hosts[0] : $"[{string.Join(',', hosts)}]")}/{Uri.EscapeDataString(credential.Database)}?{string.Join('&', options)}";
    }

    private static string ToAdoNet(DatabaseCredential credential, Login login)
    {
        var endpoints = Endpoints(credential);
        if (endpoints.DistinctBy(endpoint => endpoint.Port).Count() > 1)
            throw new RotationException(RotationErrorCode.InvalidArgument, "The driver's form has one port for all hosts.", "Use another form, or give all endpoints one port.");
        var isSocket = endpoints[0].IsSocket;
        var builder = new MySqlConnectionStringBuilder
        {
            Server = string.Join(',', endpoints.Select(endpoint => endpoint.Host)),
            UserID = login.Username,
            Password = login.Password.Reveal(),
            Database = credential.Database,
            SslMode = ToDriver(credential.SslMode, isSocket),
        };
        if (isSocket)
            builder.ConnectionProtocol = MySqlConnectionProtocol.Unix;
        else
            builder.Port = (uint)endpoints[0].Port;
        if (credential.CACertificate is { } authority)
            builder.SslCa = authority;
        if (credential.MaxConnections is { } most)
            builder.MaximumPoolSize = (uint)most;
        return builder.ConnectionString;
    }

    /// <summary>Connector/J takes TCP only without more; the user and the password as parameters (its manual, "Connection URL Syntax").</summary>
    private static string ToJdbc(DatabaseCredential credential, Login login)
    {
        var endpoints = Endpoints(credential);
        if (endpoints.Find(endpoint => endpoint.IsSocket) is { } socket)
            throw new RotationException(RotationErrorCode.InvalidArgument, $"JDBC cannot connect through the socket {socket.Host}.", "Name a host, or use another form.");
        var options = new List<string>
        {
            $"user={Uri.EscapeDataString(login.Username)}",
            $"password={Uri.EscapeDataString(login.Password.Reveal())}",
            $"sslMode={ToClient(credential.SslMode)}",
        };
        if (credential.CACertificate is { } authority)
            options.Add($"trustCertificateKeyStoreUrl={Uri.EscapeDataString(new Uri(Path.GetFullPath(authority)).AbsoluteUri)}&trustCertificateKeyStoreType=PEM");
        return $"jdbc:mysql://{string.Join(',', endpoints)}/{Uri.EscapeDataString(credential.Database)}?{string.Join('&', options)}";
    }

    /// <summary>The names that images and frameworks read, and the URI under the name that most frameworks read.</summary>
    private static string ToDotEnv(DatabaseCredential credential, Login login)
    {
        var endpoints = Endpoints(credential);
        var lines = new StringBuilder();
        void Add(string name, string value) => lines.Append(name).Append('=').Append(DotEnvValue(value)).Append('\n');
        if (endpoints[0].IsSocket)
            Add("MYSQL_SOCKET", endpoints[0].Host);
        else
            Add("MYSQL_HOST", string.Join(',', endpoints.Select(endpoint => endpoint.Host)));
        Add("MYSQL_TCP_PORT", endpoints[0].Port.ToString(CultureInfo.InvariantCulture));
        Add("MYSQL_DATABASE", credential.Database);
        Add("MYSQL_USER", login.Username);
        Add("MYSQL_PASSWORD", login.Password.Reveal());
        Add("DATABASE_URL", ToUri(credential, login));
        return lines.ToString();
    }

    /// <summary>
    /// In single quotes nothing means anything to a shell or a .env reader. A value with a single quote goes in double quotes, where the four characters
    /// that a shell reads are escaped.
    /// </summary>
    private static string DotEnvValue(string value)
    {
        if (!value.Contains('\'', StringComparison.Ordinal))
            return $"'{value}'";
        var escaped = new StringBuilder("\"");
        foreach (var character in value)
        {
            if (character is '\\' or '"' or '$' or '`')
                escaped.Append('\\');
            escaped.Append(character);
        }

        return escaped.Append('"').ToString();
    }

    private static List<MySqlEndpoint> Endpoints(DatabaseCredential credential) =>
        [.. credential.HostName.Select(host => MySqlEndpoint.Parse(host, credential.Port))];
}
