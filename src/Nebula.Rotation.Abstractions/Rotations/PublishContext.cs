namespace Nebula.Rotation;

/// <summary>What a publish step is given: the login that consumers are to adopt.</summary>
public sealed class PublishContext
{
    /// <summary>The rotation.</summary>
    public required Guid RotationId { get; init; }

    /// <summary>The credential, as it will read once published.</summary>
    public required DatabaseCredential Credential { get; init; }

    /// <summary>The login to adopt.</summary>
    public required Login Login { get; init; }

    /// <summary>The user name that it takes over from.</summary>
    public required string PreviousUsername { get; init; }

    /// <summary>True when an earlier publication is being taken back.</summary>
    public required bool IsRollback { get; init; }

    /// <summary>What the entries of a target hold for this login, by name; empty where there is no target.</summary>
    public IReadOnlyDictionary<string, Secret> Entries { get; init; } = new Dictionary<string, Secret>();

    /// <summary>The login that it takes over from with its password, where that is known; what a target holds is compared with it.</summary>
    public Login? PreviousLogin { get; init; }

    /// <summary>What the entries of a target hold for the previous login.</summary>
    public IReadOnlyDictionary<string, Secret> PreviousEntries { get; init; } = new Dictionary<string, Secret>();
}
