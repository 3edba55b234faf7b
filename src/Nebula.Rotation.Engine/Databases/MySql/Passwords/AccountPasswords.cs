using System.Text.Json;
using Nebula.Rotation.Engine.Databases.MySql.Catalog;

namespace Nebula.Rotation.Engine.Databases.MySql.Passwords;

/// <summary>What the grant tables keep of an account's passwords. Never part of a snapshot.</summary>
/// <param name="Host">The account's host.</param>
/// <param name="Methods">Plugin and hash of each way in, in the account's order.</param>
/// <param name="Second">MySQL's second password, of the first method's plugin; null when there is none.</param>
internal sealed record AccountPasswords(string Host, IReadOnlyList<(string Plugin, string Hash)> Methods, string? Second)
{
    public static async Task<List<AccountPasswords>> ReadAsync(MySqlSession session, string username, CancellationToken cancellationToken)
    {
        await using var command = session.Command(
            session.Server.IsMariaDb
                ? "SELECT Host, Priv FROM mysql.global_priv WHERE User = @p0 AND JSON_VALUE(Priv, '$.is_role') IS NULL"
                : session.Server.Has(MySqlFeatures.UserAttributes)
                    ? "SELECT Host, plugin, authentication_string, User_attributes->>'$.additional_password' AS second FROM mysql.user WHERE User = @p0"
                    : "SELECT Host, plugin, authentication_string FROM mysql.user WHERE User = @p0",
            username);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return [.. (await MySqlRow.ReadAllAsync(rows, cancellationToken)).Select(Read)];
    }

    public bool Takes(Secret password) =>
        Methods.Any(method => MySqlPasswordHash.Matches(method.Plugin, method.Hash, password))
        || (Second is { } second && MySqlPasswordHash.Matches(Methods[0].Plugin, second, password));

    /// <summary>Whether it is the first password: MySQL's other one is second.</summary>
    public bool IsFirst(Secret password) => MySqlPasswordHash.Matches(Methods[0].Plugin, Methods[0].Hash, password);

    private static AccountPasswords Read(MySqlRow row)
    {
        if (row["Priv"] is not { } json)
            return new(row.Text("Host"), [(row.Text("plugin"), row.Text("authentication_string"))], row["second"] is { Length: > 0 } second ? second : null);
        using var document = JsonDocument.Parse(json);
        var own = (Text(document.RootElement, "plugin") ?? MySqlPasswordHash.Native, Text(document.RootElement, "authentication_string") ?? "");
        List<(string, string)> methods = document.RootElement.TryGetProperty("auth_or", out var or)
            ? [.. or.EnumerateArray().Select(method => Text(method, "plugin") is { } plugin ? (plugin, Text(method, "authentication_string") ?? "") : own)]
            : [own];
        return new(row.Text("Host"), methods, null);
    }

    private static string? Text(JsonElement element, string property) =>
        element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
