using System.Globalization;
using System.Text;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>Connection strings in the forms that MongoDB's clients take (manual, "Connection Strings").</summary>
internal static class MongoDbConnectionStrings
{
    public static Secret Format(DatabaseCredential credential, Login login, ConnectionStringFormat format) => new(format switch
    {
        // The .NET driver has no form of its own: it takes the URI.
        ConnectionStringFormat.Uri or ConnectionStringFormat.AdoNet => ToUri(credential, login),
        ConnectionStringFormat.DotEnv => ToDotEnv(credential, login),
        _ => throw new RotationException(
            RotationErrorCode.InvalidArgument, $"MongoDB has no connection string of the form {format}.", "Use Uri (what every MongoDB driver takes, .NET's too) or DotEnv."),
    });

    private static string ToUri(DatabaseCredential credential, Login login)
    {
        var isSrv = MongoDbOptions.IsSrv(credential);
        var hosts = isSrv ? credential.HostName[0] : string.Join(',', MongoDbEndpoint.AllOf(credential));
        return $"{(isSrv ? "mongodb+srv" : "mongodb")}://{Uri.EscapeDataString(login.Username)}:{Uri.EscapeDataString(login.Password.Reveal())}"
            + $"@{hosts}/{Uri.EscapeDataString(credential.Database)}?{string.Join('&', Parameters(credential).Select(part => $"{part.Name}={Uri.EscapeDataString(part.Value)}"))}";
    }

    private static IEnumerable<(string Name, string Value)> Parameters(DatabaseCredential credential)
    {
        yield return ("authSource", MongoDbOptions.AuthSource(credential));
        if (MongoDbOptions.ReplicaSet(credential) is { } set)
            yield return ("replicaSet", set);
        if (MongoDbOptions.IsDirect(credential))
            yield return ("directConnection", "true");
        foreach (var parameter in Tls(credential))
            yield return parameter;
        if (credential.MaxConnections is { } most)
            yield return ("maxPoolSize", most.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>MongoDB's clients know no "prefer": either TLS or none, and an SRV record means TLS unless it is said otherwise.</summary>
    private static IEnumerable<(string Name, string Value)> Tls(DatabaseCredential credential)
    {
        switch (credential.SslMode)
        {
            case SslMode.Prefer:
                yield break;
            case SslMode.Disable:
                yield return ("tls", "false");
                yield break;
        }

        yield return ("tls", "true");
        if (credential.SslMode == SslMode.Require)
            yield return ("tlsInsecure", "true");
        if (credential.SslMode == SslMode.VerifyCA)
            yield return ("tlsAllowInvalidHostnames", "true");
        if (credential is { SslMode: SslMode.VerifyCA or SslMode.VerifyFull, CACertificate: { } authority })
            yield return ("tlsCAFile", authority);
    }

    /// <summary>The URI under the names that frameworks read, and its parts.</summary>
    private static string ToDotEnv(DatabaseCredential credential, Login login)
    {
        var uri = ToUri(credential, login);
        (string Name, string Value)[] lines =
        [
            ("MONGODB_USERNAME", login.Username),
            ("MONGODB_PASSWORD", login.Password.Reveal()),
            ("MONGODB_DATABASE", credential.Database),
            ("MONGODB_AUTH_SOURCE", MongoDbOptions.AuthSource(credential)),
            ("MONGODB_URI", uri),
            ("DATABASE_URL", uri),
        ];
        var text = new StringBuilder();
        foreach (var (name, value) in lines)
            text.Append(name).Append('=').Append(DotEnvValue(value)).Append('\n');
        return text.ToString();
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
}
