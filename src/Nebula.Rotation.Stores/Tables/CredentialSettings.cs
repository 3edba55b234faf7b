using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>The part of a credential that nothing is looked up by, kept as JSON: a new setting needs no new column.</summary>
internal sealed record CredentialSettings
{
    public required IReadOnlyList<string> HostName { get; init; }

    public required int Port { get; init; }

    public required string Database { get; init; }

    public string? AdminCredentialName { get; init; }

    public SslMode SslMode { get; init; }

    public string? CACertificate { get; init; }

    public int? MaxConnections { get; init; }

    public TimeSpan ConnectionTimeout { get; init; }

    public RotationStrategy Strategy { get; init; }

    public TimeSpan? RotationInterval { get; init; }

    public string? Schedule { get; init; }

    public IReadOnlyList<string> MaintenanceWindow { get; init; } = [];

    public string? TimeZone { get; init; }

    public TimeSpan Jitter { get; init; }

    public int KeepVersions { get; init; } = 1;

    public TimeSpan? KeepVersionsFor { get; init; }

    public TimeSpan? RetainFor { get; init; }

    public string? UsernameTemplate { get; init; }

    public required PasswordPolicy PasswordPolicy { get; init; }

    public required IReadOnlyDictionary<string, string> Option { get; init; }

    public required IReadOnlyList<string> Tag { get; init; }

    public string? HoldReason { get; init; }

    public IReadOnlyList<StoredTarget> PublishTargets { get; init; } = [];

    public static string Write(DatabaseCredential credential) => JsonSerializer.Serialize(
        new CredentialSettings
        {
            HostName = credential.HostName,
            Port = credential.Port,
            Database = credential.Database,
            AdminCredentialName = credential.AdminCredentialName,
            SslMode = credential.SslMode,
            CACertificate = credential.CACertificate,
            MaxConnections = credential.MaxConnections,
            ConnectionTimeout = credential.ConnectionTimeout,
            Strategy = credential.Strategy,
            RotationInterval = credential.RotationInterval,
            Schedule = credential.Schedule,
            MaintenanceWindow = credential.MaintenanceWindow,
            TimeZone = credential.TimeZone,
            Jitter = credential.Jitter,
            KeepVersions = credential.KeepVersions,
            KeepVersionsFor = credential.KeepVersionsFor,
            RetainFor = credential.RetainFor,
            UsernameTemplate = credential.UsernameTemplate,
            PasswordPolicy = credential.PasswordPolicy,
            Option = credential.Option,
            Tag = credential.Tag,
            HoldReason = credential.HoldReason,
            PublishTargets = [.. credential.PublishTargets.Select(StoredTarget.Of)],
        },
        CredentialSettingsJson.Default.CredentialSettings);

    public static CredentialSettings Read(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, CredentialSettingsJson.Default.CredentialSettings)
                ?? throw new StoreDataException("the settings of a credential are empty.");
        }
        catch (JsonException exception)
        {
            throw new StoreDataException("the settings of a credential cannot be read.", exception);
        }
    }
}

/// <summary>Generated code for the JSON: no reflection when a cmdlet starts.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CredentialSettings))]
internal sealed partial class CredentialSettingsJson : JsonSerializerContext;
