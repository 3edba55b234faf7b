using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Passwords;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>
/// What has become of a live login that the database refuses, and the command that mends it: the store or the database was restored from a backup, or somebody
/// changed, disabled or dropped the login by hand. Looks only.
/// </summary>
internal sealed class Agreement(WorkflowServices services)
{
    private static readonly RotationState[] Open = [RotationState.Running, RotationState.Draining, RotationState.RollbackFailed];

    /// <summary>True when a server says no and none says yes: then the login is not what the store takes it for.</summary>
    public static bool IsRefused(IReadOnlyList<CredentialTestResult> checks) =>
        checks.Any(check => check.ErrorCode == RotationErrorCode.AuthenticationFailed) && !checks.Any(check => check.Succeeded);

    /// <summary>
    /// Asks the servers, past any pooler, which may not know the login yet; and where they say no through the pooler too: they may let the login in from there
    /// only.
    /// </summary>
    public static async Task<IReadOnlyList<CredentialTestResult>> CheckAsync(
        IDatabaseEngine engine, DatabaseCredential credential, Login login, CancellationToken cancellationToken)
    {
        var direct = engine.WithoutPooler(credential);
        var checks = await engine.CheckLoginAsync(direct, login, null, cancellationToken);
        return ReferenceEquals(direct, credential) || !IsRefused(checks) ? checks : await engine.CheckLoginAsync(credential, login, null, cancellationToken);
    }

    /// <summary>Asks the servers.</summary>
    public static async Task<bool> IsRefusedAsync(IDatabaseEngine engine, DatabaseCredential credential, DocumentLogin login, CancellationToken cancellationToken) =>
        IsRefused(await CheckAsync(engine, credential, login.ToLogin(), cancellationToken));

    /// <summary>Asks the servers, past any pooler; false, too, where the password was erased.</summary>
    public static async Task<bool> LogsInAsync(IDatabaseEngine engine, DatabaseCredential credential, DocumentLogin login, CancellationToken cancellationToken) =>
        login.Password.Length > 0
        && (await engine.CheckLoginAsync(engine.WithoutPooler(credential), login.ToLogin(), null, cancellationToken)).All(check => check.Succeeded);

    /// <summary>What is the matter and what mends it, as an exception to throw or to read; null when the checks are not of a login that is refused.</summary>
    public async Task<RotationException?> FindAsync(
        DatabaseCredential credential, Login live, IReadOnlyList<CredentialTestResult> checks, Login? admin, CancellationToken cancellationToken)
    {
        if (!IsRefused(checks))
            return null;
        var engine = services.Engines.Get(credential.DatabaseType);
        var (login, knows, names, problem) = await LookAsync(engine, credential, live, admin, cancellationToken);
        var state = problem is not null ? $"What has become of it could not be looked up: {problem}"
            : login is not { Exists: true } ? "The server has no such login any more."
            : !login.CanLogIn ? "The login is there and disabled."
            : knows == true ? "The login is there and takes this password by the catalog: something else keeps it out (from where it may connect, to which database, until when)."
            : "The login is there and does not take the password that the store has: somebody has changed it.";
        var (found, action) = await FindWayAsync(engine, credential, live, login, names, cancellationToken);
        return new(
            RotationErrorCode.StoreDatabaseMismatch,
            string.Join(' ', new[] { $"The store names '{live.Username}' as live, and the server refuses it.", state, found, Said(checks) }.Where(text => text.Length > 0)),
            action);
    }

    private static string Said(IReadOnlyList<CredentialTestResult> checks) => $"({checks.First(check => check.ErrorCode == RotationErrorCode.AuthenticationFailed).Message})";

    private async Task<(LoginSnapshot? Login, bool? Knows, IReadOnlyList<string> Names, string? Problem)> LookAsync(
        IDatabaseEngine engine, DatabaseCredential credential, Login live, Login? given, CancellationToken cancellationToken)
    {
        try
        {
            var login = await AdminLogins.FindAsync(services.Store, credential, given, cancellationToken);
            await using var admin = await engine.ConnectAdminAsync(credential, login, cancellationToken);
            var snapshot = await admin.ReadSnapshotAsync(live.Username, cancellationToken);
            return snapshot.Exists
                ? (snapshot, await admin.KnowsPasswordAsync(live, cancellationToken), [], null)
                : (snapshot, null, await admin.ListLoginNamesAsync(cancellationToken), null);
        }
        catch (RotationException exception)
        {
            return (null, null, [], exception.Message);
        }
    }

    private async Task<(string Found, string Action)> FindWayAsync(
        IDatabaseEngine engine, DatabaseCredential credential, Login live, LoginSnapshot? login, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var name = Quote(credential.Name);
        var records = await services.Store.ListRotationsAsync(new() { Name = credential.Name, Scope = credential.Scope }, cancellationToken);
        var isGone = login is { Exists: false };
        if (records.FirstOrDefault(record => Open.Contains(record.State)) is { } open && await ReadAsync(open, cancellationToken) is { } document)
        {
            var isPublished = document.To.Version == credential.Version;
            var other = isPublished ? document.From : document.To;
            if ((isGone || !isPublished) && await LogsInAsync(engine, credential, other, cancellationToken))
            {
                return isPublished
                    ? ($"'{other.Username}', which it took the place of, logs in.", $"Make that one live again: Undo-NebulaRotation -Name {name}.")
                    : ($"'{other.Username}' of the open rotation {open.RotationId} logs in.", $"Go forward to that one: Resume-NebulaRotation -Name {name}.");
            }

            if (Enable(engine, login) is { } statement)
                return ("", $"If that was a mistake, enable it: {statement}");
            return (
                $"Rotation {open.RotationId} is open ({open.State}).",
                $"Give the login the password back that the store has (Get-NebulaConnectionString -Name {name} -AsPlainText shows it), then run Resume-NebulaRotation -Name {name}.");
        }

        if (isGone && await Reversals.FindAsync(services.Store, credential, credential.Version, cancellationToken) is { } last
            && await ReadAsync(last, cancellationToken) is { } reversed && await LogsInAsync(engine, credential, reversed.From, cancellationToken))
        {
            return (
                $"'{reversed.From.Username}', which it took the place of, logs in: the database was restored from a backup that is older than the last rotation.",
                $"Make that one live again, for the targets too: Undo-NebulaRotation -Name {name}.");
        }

        var known = records.SelectMany(record => new[] { record.OldUsername, record.NewUsername }).ToHashSet();
        var strangers = names.Where(other => !known.Contains(other) && other != live.Username && UsernameGenerator.IsGenerated(other, credential.UsernameTemplate, credential.Name)).ToList();
        if (strangers.Count > 0)
        {
            return (
                $"The server has {string.Join(", ", strangers.Select(other => $"'{other}'"))}, named as rotations of this credential name logins, and this store knows of none: it was restored from a backup that is older than the last rotation.",
                $"Put the newest copy of the store in its place; or give this one the login that works: Set-NebulaDbCredential -Name {name} -Credential (Get-Credential {Quote(strangers[^1])}).");
        }

        if (Enable(engine, login) is { } enable)
            return ("", $"If that was a mistake, enable it: {enable}");
        return isGone
            ? ("", $"Make the login again or take another one, and give it to the store: Set-NebulaDbCredential -Name {name} -Credential (Get-Credential {Quote(live.Username)}). Test-NebulaCredential -Name {name} then names what it lacks.")
            : ("", $"Give the store the password that works: Set-NebulaDbCredential -Name {name} -Credential (Get-Credential {Quote(live.Username)}).");
    }

    /// <summary>The statements that let a disabled login in again; null when it is not disabled, or needs its password for that.</summary>
    private static string? Enable(IDatabaseEngine engine, LoginSnapshot? login)
    {
        if (login is not { Exists: true, CanLogIn: false })
            return null;
        var statements = engine.Planner.PlanUnblock(login);
        return statements.Count > 0 && !statements.Any(statement => statement.CarriesPassword) ? string.Join("; ", statements.Select(statement => statement.Text)) : null;
    }

    private async Task<RotationDocument?> ReadAsync(RotationRecord record, CancellationToken cancellationToken) =>
        Ownership.OwnershipHistory.IsOwnership(record) || await services.Store.ReadRotationAsync(record.RotationId, cancellationToken) is not { } journal
            ? null
            : RotationDocument.Deserialize(journal.Document);

    private static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
