using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>Connection strings in the forms that clients of Redis take.</summary>
internal static class RedisConnectionStrings
{
    public static Secret Format(DatabaseCredential credential, Login login, ConnectionStringFormat format) => new(format switch
    {
        ConnectionStringFormat.Uri => ToUri(credential, login),
        ConnectionStringFormat.AdoNet => ToStackExchange(credential, login),
        ConnectionStringFormat.DotEnv => ToDotEnv(credential, login),
        _ => throw new RotationException(RotationErrorCode.InvalidArgument, $"Redis has no connection string of the form {format}.", "Use Uri, AdoNet (the form of StackExchange.Redis) or DotEnv."),
    });

    /// <summary>IANA's registrations of <c>redis</c> and <c>rediss</c>: one host; clients ask it for the others.</summary>
    private static string ToUri(DatabaseCredential credential, Login login)
    {
        var scheme = IsEncrypted(credential) ? "rediss" : "redis";
        return $"{scheme}://{Uri.EscapeDataString(login.Username)}:{Uri.EscapeDataString(login.Password.Reveal())}@{Endpoints(credential)[0]}/{credential.Database}";
    }

    /// <summary>By the driver's own builder, whose form has no way to write a comma: a value with one is refused rather than cut.</summary>
    private static string ToStackExchange(DatabaseCredential credential, Login login)
    {
        if (login.Username.Contains(',', StringComparison.Ordinal) || login.Password.Reveal() is var password && (password.Contains(',', StringComparison.Ordinal) || password.Trim() != password))
            throw new RotationException(RotationErrorCode.InvalidArgument, "The form of StackExchange.Redis has no way to write a comma, or a blank at an end, in a user name or a password.", "Use Uri or DotEnv.");
        var options = new ConfigurationOptions
        {
            User = login.Username,
            Password = password,
            Ssl = IsEncrypted(credential),
            DefaultDatabase = int.Parse(credential.Database, CultureInfo.InvariantCulture),
            ServiceName = RedisOptions.ServiceName(credential),
        };
        foreach (var endpoint in Endpoints(credential))
            options.EndPoints.Add(endpoint.Host, endpoint.Port);
        return options.ToString(includePassword: true);
    }

    private static string ToDotEnv(DatabaseCredential credential, Login login)
    {
        var endpoint = Endpoints(credential)[0];
        var lines = new StringBuilder();
        foreach (var (name, value) in new[]
        {
            ("REDIS_HOST", endpoint.Host),
            ("REDIS_PORT", endpoint.Port.ToString(CultureInfo.InvariantCulture)),
            ("REDIS_USERNAME", login.Username),
            ("REDIS_PASSWORD", login.Password.Reveal()),
            ("REDIS_DB", credential.Database),
            ("REDIS_URL", ToUri(credential, login)),
        })
        {
            lines.Append(name).Append('=').Append(DotEnvValue(value)).Append('\n');
        }

        return lines.ToString();
    }

    /// <summary>In single quotes nothing means anything; a value with one goes in double quotes, where the four characters that a shell reads are escaped.</summary>
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

    private static bool IsEncrypted(DatabaseCredential credential) => credential.SslMode is not (SslMode.Disable or SslMode.Prefer);

    private static List<RedisEndpoint> Endpoints(DatabaseCredential credential) => [.. credential.HostName.Select(host => RedisEndpoint.Parse(host, credential.Port))];
}
