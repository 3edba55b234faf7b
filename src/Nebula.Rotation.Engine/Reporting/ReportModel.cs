namespace Nebula.Rotation.Engine.Reporting;

/// <summary>What the sections show, worked out of what was read.</summary>
internal sealed class ReportModel
{
    private readonly Dictionary<Guid, DatabaseCredential> _credentials;

    public ReportModel(ReportData data)
    {
        Data = data;
        _credentials = data.Credentials.ToDictionary(credential => credential.Id);
        Ages =
        [
            .. data.Credentials.Select(credential => new CredentialAge(credential, data.At))
                .OrderBy(age => age.Status).ThenByDescending(age => age.Late)
                .ThenBy(age => age.Credential.Name, StringComparer.OrdinalIgnoreCase).ThenBy(age => age.Credential.Scope, StringComparer.Ordinal),
        ];
        Shown = [.. Within(data)];
        Open = [.. data.Rotations.Where(record => record.IsOpen || record.State == RotationState.Incomplete)];
        var byCredential = data.Rotations.ToLookup(record => record.CredentialId);
        Failures = [.. Shown.Where(HasFailed).Select(record => new ReportFailure(record, MadeGood(record, byCredential[record.CredentialId]), CredentialOf(record)))];
        Proofs = [.. Ages.Select(age => new PermissionProof(age.Credential, byCredential[age.Credential.Id]))];
    }

    public ReportData Data { get; }

    /// <summary>The credentials, those that need somebody first.</summary>
    public IReadOnlyList<CredentialAge> Ages { get; }

    /// <summary>The rotations that the limit lets in, newest first.</summary>
    public IReadOnlyList<RotationRecord> Shown { get; }

    /// <summary>Those that are not finished, however old they are.</summary>
    public IReadOnlyList<RotationRecord> Open { get; }

    /// <summary>Those of <see cref="Shown"/> that failed.</summary>
    public IReadOnlyList<ReportFailure> Failures { get; }

    /// <summary>The newest proof of each credential, in the order of <see cref="Ages"/>.</summary>
    public IReadOnlyList<PermissionProof> Proofs { get; }

    public int Count(CredentialStatus status) => Ages.Count(age => age.Status == status);

    public int Unsolved => Failures.Count(failure => failure.MadeGoodBy is null);

    public DatabaseCredential CredentialOf(RotationRecord record) => _credentials[record.CredentialId];

    private static IEnumerable<RotationRecord> Within(ReportData data) => data.History switch
    {
        { Duration: { } duration } => data.Rotations.Where(record => data.At - record.StartedAt <= duration),
        { Count: { } count } => data.Rotations.Take(count),
        _ => data.Rotations,
    };

    private static bool HasFailed(RotationRecord record) =>
        record.ErrorCode is not null || record.State is RotationState.RolledBack or RotationState.RollbackFailed or RotationState.Incomplete;

    /// <summary>The first rotation after it that made another login live, or null. A later failure is one of its own.</summary>
    private static RotationRecord? MadeGood(RotationRecord failed, IEnumerable<RotationRecord> ofCredential) => ofCredential
        .Where(record => record.StartedAt > failed.StartedAt && record.Kind == failed.Kind)
        .LastOrDefault(record => record.State is RotationState.Completed or RotationState.Retained or RotationState.Draining);
}
