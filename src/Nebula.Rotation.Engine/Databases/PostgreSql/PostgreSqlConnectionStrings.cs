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
        var hosts = credential.HostName.Select(host => (IsAddress6(host) ? $"[{host}]" : Uri.EscapeDataString(host)) + $":{Port(credential)}");
        var options = new List<string> { $"sslmode={ToLibpq(credential.SslMode)}" };
        if (credential.CACertificate is { } authority)
            options.Add($"sslrootcert={Uri.EscapeDataString(authority)}");
        if (credential.HostName.Count > 1)
            options.Add("target_session_attrs=read-write");
        return $"postgresql://{Uri.EscapeDataString(login.Username)}:{Uri.EscapeDataString(login.Password.Reveal())}@{string.Join(',', hosts)}/{Uri.EscapeDataString(credential.Database)}?{string.Join('&', options)}";
    }

    private static string ToAdoNet(DatabaseCredential credential, Login login)
    {
        var several = credential.HostName.Count > 1;
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = string.Join(',', credential.HostName.Select(host => IsAddress6(host) ? $"[{host}]" : host)),
            Port = credential.Port,
            Database = credential.Database,
            Username = login.Username,
            Password = login.Password.Reveal(),
            SslMode = ToNpgsql(credential.SslMode),
        };
        if (credential.CACertificate is { } authority)
            builder.RootCertificate = authority;
        if (several)
            builder.TargetSessionAttributes = "read-write";
        if (credential.MaxConnections is { } most)
            builder.MaxPoolSize = most;
        return builder.ConnectionString;
    }

    /// <summary>pgJDBC takes TCP only; the user and the password as parameters (its documentation, "Connecting to the Database").</summary>
    private static string ToJdbc(DatabaseCredential credential, Login login)
    {
        if (credential.HostName.FirstOrDefault(host => host.StartsWith('/')) is { } folder)
            throw new RotationException(RotationErrorCode.InvalidArgument, $"JDBC cannot connect through the socket folder {folder}.", "Name a host, or use another form.");
        var hosts = credential.HostName.Select(host => (IsAddress6(host) ? $"[{host}]" : host) + $":{Port(credential)}");
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
        yield return ("host", string.Join(',', credential.HostName));
        yield return ("port", Port(credential));
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

    private static bool IsAddress6(string host) => host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('/') && !host.StartsWith('[');

    private static string Port(DatabaseCredential credential) => credential.Port.ToString(CultureInfo.InvariantCulture);
}
