namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>Lines of a change of owner.</summary>
internal static class Changes
{
    public static readonly Guid Id = Guid.NewGuid();

    public static OwnershipChange Of(DatabaseCredential credential, OwnershipStep step) => new()
    {
        RotationId = Id,
        Credential = credential.Name,
        DatabaseType = credential.DatabaseType,
        Step = step,
        Status = StageStatus.Succeeded,
        Database = step == OwnershipStep.Move ? "app" : null,
        ObjectType = step == OwnershipStep.Move ? "TABLE" : null,
        ObjectName = step == OwnershipStep.Move ? "public.items" : null,
        OldOwner = credential.Username,
        NewOwner = $"{credential.Name}_owner",
        StartedAt = DateTimeOffset.UnixEpoch,
        Duration = TimeSpan.FromMilliseconds(1234),
        Message = $"{step} is over.",
    };
}
