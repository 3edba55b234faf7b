using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Passwords;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>
/// Logins that a rotation made and that no record needs any more: what a runner left that never got to finish, or what a store that was restored from a
/// backup does not know. The rule for all of them is that of a rollback: what is not proved to be ours is a human's, and only listed.
/// </summary>
internal sealed class Orphans(WorkflowServices services)
{
    private static readonly RotationState[] Unfinished = [RotationState.Running, RotationState.Draining, RotationState.RollbackFailed, RotationState.Retained];

    public async Task<IReadOnlyList<OrphanLogin>> FindAsync(DatabaseCredential credential, Login? adminLogin, CancellationToken cancellationToken)
    {
        await using var admin = await ConnectAsync(credential, adminLogin, cancellationToken);
        return await FindAsync(credential, admin, cancellationToken);
    }

    /// <summary>Blocks it, moves what it owns to the live login, and drops it. Looks again first: it may have come to be needed.</summary>
    public async Task RemoveAsync(DatabaseCredential credential, string username, Login? adminLogin, CancellationToken cancellationToken)
    {
        await using var lease = await LeaseKeeper.TakeAsync(services.Store, credential.Id, services.Timing.LeaseDuration, services.Time, cancellationToken);
        await using var admin = await ConnectAsync(credential, adminLogin, cancellationToken);
        var current = await services.Store.GetCurrentLoginAsync(credential.Id, cancellationToken);
        await RotationRun.LockAsync(admin, lease, username, current.Login.Username, cancellationToken);
        var found = (await FindAsync(credential, admin, cancellationToken)).FirstOrDefault(orphan => orphan.Username == username);
        if (found is not { IsOurs: true })
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                found is null ? $"'{username}' is no orphan (any more)." : $"'{username}' is left alone: {found.Reason}",
                "Nothing was changed. Find-NebulaOrphanLogin lists what there is.");
        }

        var planner = services.Engines.Get(credential.DatabaseType).Planner;
        var login = await admin.ReadSnapshotAsync(username, cancellationToken);
        await ApplyAsync(admin, login.CanLogIn ? planner.PlanBlock(login) : [], cancellationToken);
        var sessions = await admin.ListSessionsAsync(username, cancellationToken);
        if (!sessions.AreNone)
        {
            // Somebody uses it after all: the door is opened again, with the password that it had where the block took that away.
            var password = await FindPasswordAsync(credential, username, found.RotationId, cancellationToken);
            await ApplyAsync(admin, login.CanLogIn ? planner.PlanUnblock(login with { CanLogIn = false }) : [], cancellationToken, password);
            throw new RotationException(
                RotationErrorCode.DatabaseError,
                $"'{username}' was not removed: it has {Text.Count(sessions.Seen.Count, "session")}. {sessions.Unknown}".TrimEnd(),
                "Nothing was changed. Find out who uses it, give that one the live login, then run this again.");
        }

        var live = await admin.ReadSnapshotAsync(current.Login.Username, cancellationToken);
        foreach (var step in planner.PlanMove(await admin.ReadSnapshotAsync(username, cancellationToken), live))
            await ApplyAsync(admin, step.Statements, cancellationToken);
        live = await admin.ReadSnapshotAsync(current.Login.Username, cancellationToken);
        await ApplyAsync(admin, planner.PlanDrop(await admin.ReadSnapshotAsync(username, cancellationToken), live), cancellationToken);
        await services.Store.AppendAuditAsync(
            lease.Lease, AuditAction.OrphanRemoved, username, found.RotationId, new Dictionary<string, object?> { ["Reason"] = found.Reason }, CancellationToken.None);
    }

    private static async Task ApplyAsync(IAdminConnection admin, IReadOnlyList<PlannedStatement> statements, CancellationToken cancellationToken, Login? password = null)
    {
        if (statements.Count == 0)
            return;
        await using var unit = await admin.BeginAsync(cancellationToken);
        await unit.ApplyAsync(statements, password, cancellationToken);
        await unit.CommitAsync(cancellationToken);
    }

    private async Task<IAdminConnection> ConnectAsync(DatabaseCredential credential, Login? adminLogin, CancellationToken cancellationToken)
    {
        var login = await AdminLogins.FindAsync(services.Store, credential, adminLogin, cancellationToken);
        return await services.Engines.Get(credential.DatabaseType).ConnectAdminAsync(credential, login, cancellationToken);
    }

    private async Task<List<OrphanLogin>> FindAsync(DatabaseCredential credential, IAdminConnection admin, CancellationToken cancellationToken)
    {
        var records = await services.Store.ListRotationsAsync(new() { Name = credential.Name, Scope = credential.Scope }, cancellationToken);
        var needed = await NeededAsync(cancellationToken);
        List<OrphanLogin> orphans = [];
        foreach (var username in (await admin.ListLoginNamesAsync(cancellationToken)).Where(username => !needed.Contains(username)).Order(StringComparer.Ordinal))
        {
            var record = records.FirstOrDefault(record => record.OldUsername == username || record.NewUsername == username);
            if (record is null && !UsernameGenerator.IsGenerated(username, credential.UsernameTemplate, credential.Name))
                continue;
            if (await JudgeAsync(credential, admin, username, record, cancellationToken) is { } orphan)
                orphans.Add(orphan);
        }

        return orphans;
    }

    /// <summary>Live logins of every credential, whose server may be the same one, and whatever an open or retained record is about.</summary>
    private async Task<HashSet<string>> NeededAsync(CancellationToken cancellationToken)
    {
        var open = await services.Store.ListRotationsAsync(new() { States = Unfinished }, cancellationToken);
        var credentials = await services.Store.ListAsync(new(), cancellationToken);
        return
        [
            .. credentials.Select(credential => credential.Username),
            .. credentials.Select(credential => credential.AdminUsername).OfType<string>(),
            .. open.SelectMany(record => new[] { record.OldUsername, record.NewUsername }),
        ];
    }

    private async Task<OrphanLogin?> JudgeAsync(
        DatabaseCredential credential, IAdminConnection admin, string username, RotationRecord? record, CancellationToken cancellationToken)
    {
        var login = await admin.ReadSnapshotAsync(username, cancellationToken);
        if (!login.Exists)
            return null;
        if (record is null)
            return Orphan(false, "No rotation of this store knows it, though its name is like theirs: another store, or one that was restored since, may have made it. Drop it by hand if nobody uses it.");
        var document = await services.Store.ReadRotationAsync(record.RotationId, cancellationToken) is { } journal ? RotationDocument.Deserialize(journal.Document) : null;
        if (document?.Strategy == RotationStrategy.AlternatingUsers && record.State != RotationState.RolledBack && !login.CanLogIn)
            return null;
        if (!login.CanLogIn && record.OldUsername == username && record.State is RotationState.Completed)
            return Orphan(true, "It was retired and is disabled; its admin could not drop it.");
        if (await FindPasswordAsync(credential, username, record.RotationId, cancellationToken) is not { } known)
            return Orphan(false, $"Rotation {record.RotationId} ({record.State}) names it, and its password was erased: whether it is the same login is not known. Drop it by hand if nobody uses it.");
        return await admin.KnowsPasswordAsync(known, cancellationToken) ?? await LogsInAsync(credential, known, cancellationToken)
            ? Orphan(true, $"Rotation {record.RotationId} made it and is {record.State}; nothing needs it any more.")
            : Orphan(false, $"Rotation {record.RotationId} ({record.State}) names it, and it does not take the password of that one: somebody else's, or disabled. Drop it by hand if nobody uses it.");

        OrphanLogin Orphan(bool isOurs, string reason) => new()
        {
            Credential = credential.Name,
            Scope = credential.Scope,
            DatabaseType = credential.DatabaseType,
            Username = username,
            CanLogIn = login.CanLogIn,
            IsOurs = isOurs,
            RotationId = record?.RotationId,
            Reason = reason,
        };
    }

    private async Task<bool> LogsInAsync(DatabaseCredential credential, Login login, CancellationToken cancellationToken) =>
        (await services.Engines.Get(credential.DatabaseType).CheckLoginAsync(credential, login, null, cancellationToken)).Any(check => check.Succeeded);

    /// <summary>The password that a record has for a name, or null.</summary>
    private async Task<Login?> FindPasswordAsync(DatabaseCredential credential, string username, Guid? rotationId, CancellationToken cancellationToken)
    {
        if (rotationId is not { } id || await services.Store.ReadRotationAsync(id, cancellationToken) is not { } journal || journal.Record.CredentialId != credential.Id)
            return null;
        var document = RotationDocument.Deserialize(journal.Document);
        var login = document.To.Username == username ? document.To : document.From;
        return login.Username == username && login.Password.Length > 0 ? login.ToLogin() : null;
    }
}
