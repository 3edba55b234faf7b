using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Passwords;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Engine.Workflow.Ownership;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>Two names that take turns: which is the other one, and is the login behind it ours. The store's history answers both.</summary>
internal static class AlternateLogins
{
    /// <summary>The states of rotations whose new login has been live.</summary>
    private static readonly RotationState[] Flipped = [RotationState.Draining, RotationState.Retained, RotationState.Completed, RotationState.Undone];

    /// <summary>
    /// The name whose turn it is: the one given with -Option, else the one that the live login took its turn from, else the live login's own with or
    /// without its ending.
    /// </summary>
    public static async Task<string> FindNameAsync(
        ICredentialStore store, DatabaseCredential credential, IDatabaseEngine engine, string live, CancellationToken cancellationToken)
    {
        var given = StrategyOptions.GetAlternateUsername(credential);
        var username = given is not null && given != live
            ? given
            : await FindPartnerAsync(store, credential, live, cancellationToken)
              ?? (given is null ? UsernameGenerator.Alternate(live, engine.UsernameRules) : throw NotAnother(live));
        Validate(engine, credential, username);
        return username;
    }

    public static void Validate(IDatabaseEngine engine, DatabaseCredential credential, string username)
    {
        UsernameGenerator.ValidateUsername(username, engine.UsernameRules);
        engine.Validate(credential with { Username = username });
    }

    public static RotationException NotAnother(string live) => new(
        RotationErrorCode.InvalidArgument,
        $"'{live}' cannot take turns with itself: the option {StrategyOptions.AlternateUsername} names the login that is live.",
        $"Give the name of the other login: -Option @{{ {StrategyOptions.AlternateUsername} = '…' }}.");

    /// <summary>
    /// A login of that name gets another password and is enabled, so it must be the one that a rotation of this credential left idle; whatever
    /// else is called like that is somebody's.
    /// </summary>
    public static async Task RequireOursAsync(
        ICredentialStore store, DatabaseCredential credential, LoginSnapshot login, CancellationToken cancellationToken)
    {
        if (!login.Exists)
            return;
        var record = await FindAsync(store, credential, login.Username, cancellationToken);
        var wasLeft = record is not null
            && record.OldUsername == login.Username
            && (record.State == RotationState.Retained || await WasAlternatingAsync(store, record, cancellationToken));
        if (!wasLeft)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"There is a login '{login.Username}' that no rotation of '{credential.Name}' has left there: it is somebody else's, and AlternatingUsers would give it another password.",
                $"Give another name: -Option @{{ {StrategyOptions.AlternateUsername} = '…' }}. If nobody needs '{login.Username}', drop it, then run this again.");
        }

        if (login.CanLogIn)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"The login '{login.Username}' was left disabled and is enabled: somebody else uses it, and AlternatingUsers would give it another password.",
                $"Find out who uses it and disable it, then run this again; or give another name: -Option @{{ {StrategyOptions.AlternateUsername} = '…' }}.");
        }
    }

    /// <summary>
    /// The name that the live login took its turn from. A name that was cut to fit cannot be made from the other one, so the history comes before
    /// the rule.
    /// </summary>
    private static async Task<string?> FindPartnerAsync(
        ICredentialStore store, DatabaseCredential credential, string live, CancellationToken cancellationToken)
    {
        var record = await FindAsync(store, credential, live, cancellationToken);
        return record is null || !await WasAlternatingAsync(store, record, cancellationToken)
            ? null
            : record.OldUsername == live ? record.NewUsername : record.OldUsername;
    }

    /// <summary>The newest rotation that made a login live or took its place.</summary>
    private static async Task<RotationRecord?> FindAsync(
        ICredentialStore store, DatabaseCredential credential, string username, CancellationToken cancellationToken)
    {
        var records = await store.ListRotationsAsync(
            new() { Name = credential.Name, Scope = credential.Scope, States = Flipped }, cancellationToken);
        return records.FirstOrDefault(record => !OwnershipHistory.IsOwnership(record) && (record.OldUsername == username || record.NewUsername == username));
    }

    private static async Task<bool> WasAlternatingAsync(ICredentialStore store, RotationRecord record, CancellationToken cancellationToken) =>
        await store.ReadRotationAsync(record.RotationId, cancellationToken) is { } journal
        && RotationDocument.Deserialize(journal.Document).Strategy == RotationStrategy.AlternatingUsers;
}
