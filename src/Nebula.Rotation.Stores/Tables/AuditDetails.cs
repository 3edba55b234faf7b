using System.Text.Json;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>What the entries of the audit trail tell besides who, when and what. Names and figures; no secret comes here.</summary>
internal static class AuditDetails
{
    public static IReadOnlyDictionary<string, object?> None { get; } = new Dictionary<string, object?>();

    public static IReadOnlyDictionary<string, object?> OfNew(DatabaseCredential credential, Login? admin) => new Dictionary<string, object?>
    {
        ["DatabaseType"] = credential.DatabaseType.ToString(),
        ["Endpoints"] = credential.Endpoints,
        ["Database"] = credential.Database,
        ["AdminUsername"] = admin?.Username,
    };

    /// <summary>The names of what changed; for the logins their user names.</summary>
    public static IReadOnlyDictionary<string, object?> OfChange(DatabaseCredential before, DatabaseCredential after, Login? admin, Login? login)
    {
        var details = new Dictionary<string, object?> { ["Changed"] = Changed(before, after).ToArray() };
        if (admin is not null)
            details["AdminUsername"] = admin.Username;
        if (login is not null)
            details["LoginReplaced"] = $"{before.Username} -> {login.Username}";
        return details;
    }

    public static IReadOnlyDictionary<string, object?> OfRecord(RotationRecord record) => new Dictionary<string, object?>
    {
        ["OldUsername"] = record.OldUsername,
        ["NewUsername"] = record.NewUsername,
        ["FromVersion"] = record.FromVersion,
        ["ToVersion"] = record.ToVersion,
        ["Reverses"] = record.Reverses?.ToString("D"),
    };

    public static IReadOnlyDictionary<string, object?> OfStage(StageResult stage) => new Dictionary<string, object?>(stage.Details)
    {
        ["Message"] = stage.Message,
        ["DurationMilliseconds"] = (long)stage.Duration.TotalMilliseconds,
    };

    public static IReadOnlyDictionary<string, object?> OfVersion(int version) => new Dictionary<string, object?> { ["Version"] = version };

    public static IReadOnlyDictionary<string, object?> OfState(RotationStateChange change) => new Dictionary<string, object?>
    {
        ["RetainUntil"] = change.RetainUntil,
        ["ErrorCode"] = change.ErrorCode?.ToString(),
        ["Message"] = change.Message,
    };

    private static IEnumerable<string> Changed(DatabaseCredential before, DatabaseCredential after)
    {
        using var old = JsonDocument.Parse(CredentialSettings.Write(before));
        using var changed = JsonDocument.Parse(CredentialSettings.Write(after));
        var former = old.RootElement.EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetRawText());
        var names = former.Keys.Union(changed.RootElement.EnumerateObject().Select(property => property.Name));
        return
        [
            .. from name in names
               let now = changed.RootElement.TryGetProperty(name, out var value) ? value.GetRawText() : null
               where former.GetValueOrDefault(name) != now
               orderby name
               select name,
        ];
    }
}
