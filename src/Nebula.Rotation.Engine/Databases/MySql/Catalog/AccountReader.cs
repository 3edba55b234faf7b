using System.Globalization;
using System.Text.Json;
using Nebula.Rotation.Engine.Databases.MySql.Passwords;

namespace Nebula.Rotation.Engine.Databases.MySql.Catalog;

/// <summary>Accounts and their attributes, from mysql.user or from the JSON of mysql.global_priv.</summary>
internal static class AccountReader
{
    public static void Read(MySqlRow row, SnapshotBuilder builder)
    {
        var host = row.Text("Host");
        if (row["Priv"] is { } json)
        {
            using var document = JsonDocument.Parse(json);
            ReadJson(host, document.RootElement, builder);
        }
        else
        {
            ReadColumns(host, row, builder);
        }
    }

    private static void ReadColumns(string host, MySqlRow row, SnapshotBuilder builder)
    {
        Begin(host, [row.Text("plugin")], row.IsYes("account_locked"), row.IsYes("password_expired"), builder);
        var require = row.Text("ssl_type") switch
        {
            "ANY" => "SSL",
            "X509" => "X509",
            "SPECIFIED" => Specified(row.Text("ssl_cipher"), row.Text("x509_issuer"), row.Text("x509_subject")),
            _ => null,
        };
        Attribute("REQUIRE", require);
        Limit("MAX_QUERIES_PER_HOUR", row.Number("max_questions"));
        Limit("MAX_UPDATES_PER_HOUR", row.Number("max_updates"));
        Limit("MAX_CONNECTIONS_PER_HOUR", row.Number("max_connections"));
        Limit("MAX_USER_CONNECTIONS", row.Number("max_user_connections"));
        Attribute("PASSWORD EXPIRE", row["password_lifetime"] is { } life ? Life(life) : null);
        Attribute("PASSWORD HISTORY", row["Password_reuse_history"]);
        Attribute("PASSWORD REUSE INTERVAL", row["Password_reuse_time"] is { } days ? $"{days} DAY" : null);
        Attribute("PASSWORD REQUIRE CURRENT", row["Password_require_current"] switch { "Y" => "", "N" => "OPTIONAL", _ => null });
        if (row["User_attributes"] is { Length: > 0 } attributes)
        {
            using var document = JsonDocument.Parse(attributes);
            ReadUserAttributes(host, document.RootElement, builder);
        }

        foreach (var privilege in PrivilegeNames.OfColumns(row))
            Global(host, privilege, builder);

        void Limit(string name, long value) => Attribute(name, value == 0 ? null : value.ToString(CultureInfo.InvariantCulture));

        void Attribute(string name, string? value) => AddAttribute(host, name, value, builder);
    }

    private static void ReadUserAttributes(string host, JsonElement attributes, SnapshotBuilder builder)
    {
        foreach (var attribute in attributes.EnumerateObject())
        {
            switch (attribute.Name)
            {
                case "metadata":
                    builder.Add(new() { Kind = FactKinds.Metadata, Name = "ATTRIBUTE", Value = attribute.Value.GetRawText(), Grantee = MySqlDialect.FactAccount(host) });
                    break;
                case "Restrictions":
                    foreach (var restriction in attribute.Value.EnumerateArray())
                    {
                        foreach (var privilege in restriction.GetProperty("Privileges").EnumerateArray())
                        {
                            builder.Add(new()
                            {
                                Kind = FactKinds.Restriction,
                                ObjectType = FactKinds.DatabaseType,
                                ObjectName = MySqlDialect.OnDatabase(restriction.GetProperty("Database").GetString()!),
                                Name = privilege.GetString()!,
                                Grantee = MySqlDialect.FactAccount(host),
                            });
                        }
                    }

                    break;
                case "Password_locking":
                    if (attribute.Value.TryGetProperty("failed_login_attempts", out var attempts) && attempts.GetInt32() != 0)
                        AddAttribute(host, "FAILED_LOGIN_ATTEMPTS", attempts.GetRawText(), builder);
                    if (attribute.Value.TryGetProperty("password_lock_time_days", out var days) && days.GetInt32() != 0)
                        AddAttribute(host, "PASSWORD_LOCK_TIME", days.GetInt32() < 0 ? "UNBOUNDED" : days.GetRawText(), builder);
                    break;
                case "additional_password":
                    if (attribute.Value.GetString() is { Length: > 0 })
                        builder.AddTo(HintNames.SecondPassword, host);
                    break;
                default:
                    builder.Block(new(
                        $"account {MySqlDialect.Account(builder.Username, host)}",
                        $"It has the attribute '{attribute.Name}', which this version does not know how to copy.",
                        "Rotate this login by hand, or take the attribute away."));
                    break;
            }
        }
    }

    private static void ReadJson(string host, JsonElement account, SnapshotBuilder builder)
    {
        var own = Text(account, "plugin") is { Length: > 0 } plugin ? plugin : MySqlPasswordHash.Native;
        List<string> methods = account.TryGetProperty("auth_or", out var or)
            ? [.. or.EnumerateArray().Select(method => Text(method, "plugin") is { Length: > 0 } other ? other : own)]
            : [own];
        if (methods.Distinct().Count() < methods.Count)
            builder.AddTo(HintNames.SecondPassword, host);
        // A moment of 0 is the one of a password that was set to be expired.
        Begin(host, [.. methods.Distinct()], Flag(account, "account_locked"), account.TryGetProperty("password_last_changed", out var changed) && changed.GetRawText() == "0", builder);
        AddAttribute(
            host,
            "REQUIRE",
            Number(account, "ssl_type") switch
            {
                "1" => "SSL",
                "2" => "X509",
                "3" => Specified(Text(account, "ssl_cipher") ?? "", Text(account, "x509_issuer") ?? "", Text(account, "x509_subject") ?? ""),
                _ => null,
            },
            builder);
        Limit("MAX_QUERIES_PER_HOUR", "max_questions");
        Limit("MAX_UPDATES_PER_HOUR", "max_updates");
        Limit("MAX_CONNECTIONS_PER_HOUR", "max_connections");
        Limit("MAX_USER_CONNECTIONS", "max_user_connections");
        Limit("MAX_STATEMENT_TIME", "max_statement_time");
        AddAttribute(host, "PASSWORD EXPIRE", Number(account, "password_lifetime") is { } life && life != "-1" ? Life(life) : null, builder);
        if (Text(account, "default_role") is { Length: > 0 } role)
            builder.Add(new() { Kind = FactKinds.DefaultRole, ObjectType = "ROLE", ObjectName = MySqlDialect.Identifier(role), Name = "DEFAULT", Grantee = MySqlDialect.FactAccount(host) });

        void Limit(string name, string property)
        {
            var value = Number(account, property);
            if (value is null || !decimal.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || number == 0)
                return;
            AddAttribute(host, name, number.ToString("0.######", CultureInfo.InvariantCulture), builder);
        }
    }

    /// <summary>How the account proves itself, and what about that cannot be copied.</summary>
    private static void Begin(string host, IReadOnlyList<string> plugins, bool isLocked, bool isExpired, SnapshotBuilder builder)
    {
        builder.Hosts.Add(host);
        if (isLocked)
            builder.AddTo(HintNames.Locked, host);
        var name = $"account {MySqlDialect.Account(builder.Username, host)}";
        if (plugins.FirstOrDefault(plugin => !MySqlPasswordHash.IsKnown(plugin)) is { } strange)
        {
            builder.Block(strange is "unix_socket" or "auth_socket" or "pam" or "auth_pam" or "gssapi" || strange.Contains("ldap", StringComparison.Ordinal)
                ? new(name, $"It proves itself by {strange}, outside of the server: there is no password to rotate.", "Give the login an account with a password, or drop this one.")
                : new(name, $"It proves itself by {strange}, whose passwords this version does not know how to make.", $"Use {MySqlPasswordHash.CachingSha2}, or on MariaDB {MySqlPasswordHash.Ed25519} or {MySqlPasswordHash.Native}."));
        }

        if (isExpired && !isLocked)
            builder.Block(new(name, "Its password has been expired by hand: who logs in must set another first, and so must who logs in as its copy.", "Set a password, or ALTER USER … PASSWORD EXPIRE DEFAULT."));
        builder.Add(new() { Kind = FactKinds.Account, Name = "IDENTIFIED", Value = string.Join(" OR ", plugins), Grantee = MySqlDialect.FactAccount(host) });
    }

    public static void Global(string host, string privilege, SnapshotBuilder builder) =>
        builder.Add(new() { Kind = FactKinds.Privilege, ObjectType = FactKinds.Global, ObjectName = "*.*", Name = privilege, Grantee = MySqlDialect.FactAccount(host) });

    private static void AddAttribute(string host, string name, string? value, SnapshotBuilder builder)
    {
        if (value is not null)
            builder.Add(new() { Kind = FactKinds.Attribute, Name = name, Value = value, Grantee = MySqlDialect.FactAccount(host) });
    }

    private static string Life(string days) => days == "0" ? "NEVER" : $"INTERVAL {days} DAY";

    private static string Specified(string cipher, string issuer, string subject) => string.Join(
        " AND ",
        new[] { ("SUBJECT", subject), ("ISSUER", issuer), ("CIPHER", cipher) }.Where(part => part.Item2.Length > 0).Select(part => $"{part.Item1} {MySqlDialect.Literal(part.Item2)}"));

    private static string? Text(JsonElement element, string property) =>
        element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Number(JsonElement element, string property) =>
        element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null;

    private static bool Flag(JsonElement element, string property) => element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.True;
}
