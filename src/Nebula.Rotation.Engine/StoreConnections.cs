using System.Data.Common;
using System.Globalization;
using Nebula.Rotation.Stores;
using Npgsql;

namespace Nebula.Rotation.Engine;

/// <summary>Connections to a shared store: the stores know no driver.</summary>
internal static class StoreConnections
{
    private const int DefaultConnectTimeout = 10;
    private const int CommandTimeout = 60;
    private const int MostConnections = 20;

    /// <summary>
    /// A pool of its own for the store, dropped with it. Without a password in the address the driver takes PGPASSWORD, then the password file, as libpq does.
    /// No statement is prepared and no session state kept or reset: behind a pooler in transaction mode the next transaction is another session's.
    /// </summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.InvalidArgument"/>: an option has a value that it cannot have.</exception>
    // Not the driver's own type: whoever has that in a signature loads the driver, whatever the store is.
#pragma warning disable CA1859
    public static DbDataSource Create(StoreAddress address)
#pragma warning restore CA1859
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = string.Join(',', address.Hosts.Select(host => Format(host, address.Hosts.Count))),
            Port = address.Hosts[0].Port,
            ApplicationName = Option("application_name") ?? "Nebula.Rotation store",
            Timeout = Option("connect_timeout") is { } timeout ? Number("connect_timeout", timeout) : DefaultConnectTimeout,
            CommandTimeout = CommandTimeout,
            NoResetOnClose = true,
            MaxAutoPrepare = 0,
            MaxPoolSize = MostConnections,
            KeepAlive = 0,
            TcpKeepAlive = true,
            IncludeErrorDetail = false,
            PersistSecurityInfo = false,
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        if (address.Username is { } username)
            settings.Username = username;
        if (address.Database is { } database)
            settings.Database = database;
        if (address.Password is { } password)
            settings.Password = password.Reveal();
        if (Option("sslmode") is { } mode)
            settings.SslMode = Mode(mode);
        if (Option("sslrootcert") is { } root)
            settings.RootCertificate = root;
        if (Option("sslcert") is { } certificate)
            settings.SslCertificate = certificate;
        if (Option("sslkey") is { } key)
            settings.SslKey = key;
        if (Option("passfile") is { } file)
            settings.Passfile = file;
        if (Option("channel_binding") is { } binding)
            settings.ChannelBinding = Enum.TryParse<ChannelBinding>(binding, ignoreCase: true, out var value) ? value : throw Invalid("channel_binding", binding);
        var target = Option("target_session_attrs");
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);

        // Only built-in types are read; asking for the others costs a round trip.
        builder.ConfigureTypeLoading(static loading => loading.EnableTypeLoading(false));
        if (address.Hosts.Count == 1)
            return builder.Build();
        var several = builder.BuildMultiHost();
        return several.WithTargetSession(Target(target ?? "any"));

        string? Option(string name) => address.Options.GetValueOrDefault(name);
    }

    private static string Format((string Host, int Port) host, int count)
    {
        var name = host.Host.Contains(':', StringComparison.Ordinal) ? $"[{host.Host}]" : host.Host;
        return count == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}:{host.Port}");
    }

    private static Npgsql.SslMode Mode(string text) => text switch
    {
        "disable" => Npgsql.SslMode.Disable,
        "allow" => Npgsql.SslMode.Allow,
        "prefer" => Npgsql.SslMode.Prefer,
        "require" => Npgsql.SslMode.Require,
        "verify-ca" => Npgsql.SslMode.VerifyCA,
        "verify-full" => Npgsql.SslMode.VerifyFull,
        _ => throw Invalid("sslmode", text),
    };

    private static TargetSessionAttributes Target(string text) => text switch
    {
        "any" => TargetSessionAttributes.Any,
        "primary" => TargetSessionAttributes.Primary,
        "read-write" => TargetSessionAttributes.ReadWrite,
        _ => throw new RotationException(
            RotationErrorCode.InvalidArgument, $"The option target_session_attrs cannot be '{text}' for a store, which is written to.", "Give primary, read-write or any."),
    };

    private static int Number(string name, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 1024 ? number : throw Invalid(name, text);

    private static RotationException Invalid(string name, string value) =>
        new(RotationErrorCode.InvalidArgument, $"The option {name} of the store's address cannot be '{value}'.", "See docs/shared-store.md for the options and their values.");
}
