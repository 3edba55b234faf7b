using System.Globalization;
using System.Text;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>Connection strings in the forms that PostgreSQL's clients take.</summary>
internal static class PostgreSqlConnectionStrings
{
    public static Secret Format(DatabaseCredential credential, Login login, ConnectionStringFormat format) => new(format switch
    {
        ConnectionStringFormat.Uri => ToUri(credential, login),
        ConnectionStringFormat.AdoNet => ToAdoNet(credential, login),
        ConnectionStringFormat.Libpq => string.Join(' ', from part in Parameters(credential, login) select $"{part.Name}={LibpqValue(part.Value)}"),
        ConnectionStringFormat.Jdbc => ToJdbc(credential, login),
        ConnectionStringFormat.DotEnv => ToDotEnv(credential, login),
        _ => throw new RotationException(RotationErrorCode.InvalidArgument, $"PostgreSQL has no connection string of the form {format}."),
    });

    public static Npgsql.SslMode ToNpgsql(SslMode mode) => mode switch
    {
        SslMode.Disable => Npgsql.SslMode.Disable,
        SslMode.Prefer => Npgsql.SslMode.Prefer,
        SslMode.Require => Npgsql.SslMode.Require,
        SslMode.VerifyCA => Npgsql.SslMode.VerifyCA,
        _ => Npgsql.SslMode.VerifyFull,
    };

    /// <summary>libpq's word (manual, "SSL Mode Descriptions").</summary>
    private static string ToLibpq(SslMode mode) => mode switch
    {
        SslMode.VerifyCA => "verify-ca",
        SslMode.VerifyFull => "verify-full",
        _ => mode.ToString().ToLowerInvariant(),
    };

    /// <summary>Manual, "Connection URIs": several hosts with a comma between them, a socket's folder percent-encoded, an IPv6 address in brackets.</summary>
    private static string ToUri(DatabaseCredential credential, Login login)
    {
        var hosts = Endpoints(credential).Select(endpoint => endpoint.IsSocket ? Uri.EscapeDataString(endpoint.Host) + $":{endpoint.Port}" : endpoint.ToString());
        var options = new List<string> { $"sslmode={ToLibpq(credential.SslMode)}" };
        if (credential.CACertificate is { } authority)
            options.Add($"sslrootcert={Uri.EscapeDataString(authority)}");
        if (credential.HostName.Count > 1)
            options.Add("target_session_attrs=read-write");
        return $"postgresql://{Uri.EscapeDataString(login.Username)}:{Uri.EscapeDataString(login.Password.Reveal())}@{string.Join(',', hosts)}/{Uri.EscapeDataString(credential.Database)}?{string.Join('&', options)}";
    }

    private static string ToAdoNet(DatabaseCredential credential, Login login)
    {
        var endpoints = Endpoints(credential);
        var onePort = endpoints.DistinctBy(endpoint => endpoint.Port).Count() == 1;
        if (!onePort && endpoints.Find(endpoint => endpoint.IsSocket) is { } socket)
            throw new RotationException(RotationErrorCode.InvalidArgument, $"The driver's form has no port for the socket folder {socket.Host} beside other ports.", "Name a host, or use another form.");
        var builder = new NpgsqlConnectionStringBuilder
        {
            // The driver's form for several ports; one that all have stays where it is looked for.
            Host = string.Join(',', endpoints.Select(endpoint => onePort ? endpoint.HostInBrackets : endpoint.ToString())),
            Port = endpoints[0].Port,
            Database = credential.Database,
            Username = login.Username,
            Password = login.Password.Reveal(),
            SslMode = ToNpgsql(credential.SslMode),
        };
        if (credential.CACertificate is { } authority)
            builder.RootCertificate = authority;
        if (endpoints.Count > 1)
            builder.TargetSessionAttributes = "read-write";
        if (credential.MaxConnections is { } most)
            builder.MaxPoolSize = most;
        return builder.ConnectionString;
    }

    /// <summary>pgJDBC takes TCP only; the user and the password as parameters (its documentation, "Connecting to the Database").</summary>
    private static string ToJdbc(DatabaseCredential credential, Login login)
    {
        var hosts = Endpoints(credential);
        if (hosts.Find(endpoint => endpoint.IsSocket) is { } socket)
            throw new RotationException(RotationErrorCode.InvalidArgument, $"JDBC cannot connect through the socket folder {socket.Host}.", "Name a host, or use another form.");
        var options = new List<string>
        {
            $"user={Uri.EscapeDataString(login.Username)}",
            $"password={Uri.EscapeDataString(login.Password.Reveal())}",
            $"sslmode={ToLibpq(credential.SslMode)}",
        };
        if (credential.CACertificate is { } authority)
            options.Add($"sslrootcert={Uri.EscapeDataString(authority)}");
        if (credential.HostName.Count > 1)
            options.Add("targetServerType=primary");
        return $"jdbc:postgresql://{string.Join(',', hosts)}/{Uri.EscapeDataString(credential.Database)}?{string.Join('&', options)}";
    }

    /// <summary>libpq's environment variables, and the URI under the name that most frameworks read.</summary>
    private static string ToDotEnv(DatabaseCredential credential, Login login)
    {
        var lines = new StringBuilder();
        foreach (var (name, value) in Parameters(credential, login))
            lines.Append(EnvironmentName(name)).Append('=').Append(DotEnvValue(value)).Append('\n');
        return lines.Append("DATABASE_URL=").Append(DotEnvValue(ToUri(credential, login))).Append('\n').ToString();
    }

    private static IEnumerable<(string Name, string Value)> Parameters(DatabaseCredential credential, Login login)
    {
        var endpoints = Endpoints(credential);
        // Manual, "Specifying Multiple Hosts": one port for all, or one for each.
        var ports = endpoints.Select(endpoint => endpoint.Port.ToString(CultureInfo.InvariantCulture)).ToList();
        yield return ("host", string.Join(',', endpoints.Select(endpoint => endpoint.Host)));
        yield return ("port", ports.Distinct().Count() == 1 ? ports[0] : string.Join(',', ports));
        yield return ("dbname", credential.Database);
        yield return ("user", login.Username);
        yield return ("password", login.Password.Reveal());
        yield return ("sslmode", ToLibpq(credential.SslMode));
        if (credential.CACertificate is { } authority)
            yield return ("sslrootcert", authority);
        if (credential.HostName.Count > 1)
            yield return ("target_session_attrs", "read-write");
    }

    private static string EnvironmentName(string parameter) => parameter switch
    {
        "dbname" => "PGDATABASE",
        "target_session_attrs" => "PGTARGETSESSIONATTRS",
        _ => "PG" + parameter.ToUpperInvariant(),
    };

    /// <summary>Manual, "Keyword/Value Connection Strings".</summary>
    private static string LibpqValue(string value) =>
        "'" + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'";

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

    private static List<PostgreSqlEndpoint> Endpoints(DatabaseCredential credential) =>
        [.. credential.HostName.Select(host => PostgreSqlEndpoint.Parse(host, credential.Port))];
}
