namespace Nebula.Rotation.Engine.Reporting;

/// <summary>What the newest finished verification of a credential's login compared.</summary>
internal sealed class PermissionProof
{
    public PermissionProof(DatabaseCredential credential, IEnumerable<RotationRecord> newestFirst)
    {
        Credential = credential;
        foreach (var record in newestFirst)
        {
            // A login that was proved and then taken back says nothing about the one that is live.
            if (record.State is RotationState.RolledBack or RotationState.RollbackFailed)
                continue;
            if (record.Stages.LastOrDefault(stage => stage is { Stage: RotationStage.Verify, Status: StageStatus.Succeeded }) is not { } verify)
                continue;
            (Record, Verified) = (record, verify);
            Facts = Number(verify, "Facts");
            Missing = Number(verify, "Missing");
            Endpoints = Number(verify, "Endpoints");
            Fingerprint = record.Stages.LastOrDefault(stage => stage.Stage == RotationStage.Complete)?.Details.GetValueOrDefault("FactsFingerprint") as string;
            return;
        }
    }

    public DatabaseCredential Credential { get; }

    /// <summary>The rotation, or null where there was none yet.</summary>
    public RotationRecord? Record { get; }

    /// <summary>Its Verify stage.</summary>
    public StageResult? Verified { get; }

    /// <summary>How many facts were compared; null where both passwords are of one login and there is nothing to compare.</summary>
    public long? Facts { get; }

    /// <summary>How many the new login lacked.</summary>
    public long? Missing { get; }

    /// <summary>On how many endpoints it logged in.</summary>
    public long? Endpoints { get; }

    /// <summary>What names the login's facts at the end of the rotation, or null.</summary>
    public string? Fingerprint { get; }

    private static long? Number(StageResult stage, string name) => stage.Details.GetValueOrDefault(name) switch
    {
        int number => number,
        long number => number,
        _ => null,
    };
}
