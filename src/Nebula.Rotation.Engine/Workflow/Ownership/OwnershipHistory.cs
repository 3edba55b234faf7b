using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow.Ownership;

/// <summary>What the store knows of a credential's changes of owner.</summary>
internal sealed class OwnershipHistory
{
    private readonly IReadOnlyList<RotationRecord> _records;

    private OwnershipHistory(IReadOnlyList<RotationRecord> records) => _records = records;

    /// <summary>The record of a change of owner whose runner died.</summary>
    public RotationRecord? Open => _records.FirstOrDefault(record => IsOwnership(record) && record.State == RotationState.Running);

    /// <summary>A rotation that has to be finished first.</summary>
    public RotationRecord? OpenRotation => _records.FirstOrDefault(record => !IsOwnership(record) && record.IsOpen);

    /// <summary>The owner role of the conversion that is in force, or of the one that is half taken back.</summary>
    public string? LastOwner => _records.FirstOrDefault(IsOwnership) switch
    {
        { Kind: RotationKind.Ownership } record => record.NewUsername,
        { State: RotationState.Completed } or null => null,
        var record => record.OldUsername,
    };

    /// <summary>Every login that the credential ever had.</summary>
    public IReadOnlySet<string> Usernames => _records
        .Where(record => !IsOwnership(record))
        .SelectMany(record => new[] { record.OldUsername, record.NewUsername })
        .ToHashSet(StringComparer.Ordinal);

    public static bool IsOwnership(RotationRecord record) => record.Kind is RotationKind.Ownership or RotationKind.OwnershipUndo;

    public static async Task<OwnershipHistory> ReadAsync(ICredentialStore store, DatabaseCredential credential, CancellationToken cancellationToken) =>
        new(await store.ListRotationsAsync(new() { Name = credential.Name, Scope = credential.Scope }, cancellationToken));

    /// <summary>The conversions to a role since the last time that all was taken back, newest first.</summary>
    public IReadOnlyList<RotationRecord> Conversions(string owner) =>
    [
        .. _records
            .TakeWhile(record => !(record.Kind == RotationKind.OwnershipUndo && record.OldUsername == owner && record.State == RotationState.Completed))
            .Where(record => record.Kind == RotationKind.Ownership && record.NewUsername == owner),
    ];

    /// <summary>The document of the first of them, which has what the role was like before all of them.</summary>
    public async Task<RotationDocument?> OldestAsync(ICredentialStore store, string owner, CancellationToken cancellationToken) =>
        Conversions(owner) is [.., var oldest] && await store.ReadRotationAsync(oldest.RotationId, cancellationToken) is { } journal
            ? RotationDocument.Deserialize(journal.Document)
            : null;

    /// <summary>The keys of the objects that they moved.</summary>
    public async Task<IReadOnlySet<string>> MovedAsync(ICredentialStore store, string owner, CancellationToken cancellationToken)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var record in Conversions(owner))
        {
            if (await store.ReadRotationAsync(record.RotationId, cancellationToken) is { } journal)
                keys.UnionWith(journal.Entries.Where(entry => entry.Stage == RotationStage.MoveOwnership).Select(entry => entry.Step));
        }

        return keys;
    }
}
