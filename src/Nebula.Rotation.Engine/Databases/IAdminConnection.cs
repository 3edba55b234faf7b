using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases;

/// <summary>An admin's connection to a server: reads facts, applies planned statements, watches sessions. Used by one rotation at a time.</summary>
internal interface IAdminConnection : IAsyncDisposable
{
    /// <summary>Host and port of the endpoint that takes the changes, as <see cref="CredentialTestResult.Endpoint"/> has it.</summary>
    string Endpoint { get; }

    /// <summary>
    /// Throws LeaseLost when another runner has taken over. Where no lock on the server ends with the connection, it is asked before each command that changes
    /// something; where there is one, a successor has ended this very session, and nothing has to be asked.
    /// </summary>
    Func<CancellationToken, Task> LeaseCheck
    {
        set
        {
            // The lock does.
        }
    }

    /// <summary>
    /// Takes the lock of a login name on the connection that does the changes, and holds it until disposal. The caller holds the lease, so a session that
    /// still has the lock belongs to a runner that is gone: it is ended first, and only then is the lock taken.
    /// </summary>
    Task LockTargetAsync(string username, CancellationToken cancellationToken);

    /// <summary>Everything the catalog says about a login; <see cref="LoginSnapshot.Exists"/> is false when there is none.</summary>
    Task<LoginSnapshot> ReadSnapshotAsync(string username, CancellationToken cancellationToken);

    /// <summary>True when a login, or anything else that would give a login of this name a meaning (a role, a schema), exists.</summary>
    Task<bool> IsNameTakenAsync(string username, CancellationToken cancellationToken);

    /// <summary>The names of all logins that the admin can see, but for the server's own.</summary>
    Task<IReadOnlyList<string>> ListLoginNamesAsync(CancellationToken cancellationToken);

    /// <summary>
    /// A login and its owner role, each with what an <see cref="IOwnershipPlanner"/> needs to know beside, and what this admin lacks for a change of
    /// owner. Reads only. Asked of engines that have such a planner.
    /// </summary>
    Task<OwnershipReading> ReadOwnershipAsync(string username, string owner, CancellationToken cancellationToken) =>
        throw new RotationException(RotationErrorCode.UnsupportedDatabaseType, "This kind of server has no owner roles.");

    /// <summary>
    /// What stands in the way of rotating this login with this admin: rights the admin lacks, limits, connection headroom for two pools. Reads only.
    /// </summary>
    Task<Preflight> PreflightAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken);

    /// <summary>Starts a unit of change; where the engine has transactional DDL it is one transaction.</summary>
    Task<IChangeUnit> BeginAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The login's sessions on every endpoint, other than this tool's own. An endpoint that cannot be asked is in the answer, too; when the one that
    /// takes changes is away, ServerUnreachable is thrown. A blocked login is blocked on every endpoint that the answer counts as asked.
    /// </summary>
    Task<LoginSessions> ListSessionsAsync(string username, CancellationToken cancellationToken);

    /// <summary>
    /// Ends the login's sessions on every endpoint and waits until they are gone: all of them, or those that have lasted for <paramref name="olderThan"/>
    /// by the server's clock, where the login takes two passwords and only its age tells which one a session may have come with.
    /// </summary>
    Task<EndedSessions> EndSessionsAsync(string username, TimeSpan? olderThan, CancellationToken cancellationToken);

    /// <summary>
    /// Whether the catalog says that this is a password of the login; null when it cannot tell (a verifier that the admin may not read), and only logging
    /// in would. Asked where a login that cannot be reached from here, or is blocked, must be told from somebody else's.
    /// </summary>
    Task<bool?> KnowsPasswordAsync(Login login, CancellationToken cancellationToken);

    /// <summary>What the catalog keeps of a login's password, for proxies that want the same; null where it keeps nothing of the kind or the admin may not read it.</summary>
    Task<string?> ReadVerifierAsync(string username, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    /// <summary>
    /// Where each endpoint has logins of its own: makes a live login the same on all of them, since one may have joined later or come back. Gives a sentence for
    /// each endpoint that it changed. Where the server sees to that by itself there is nothing to do.
    /// </summary>
    Task<IReadOnlyList<string>> BringUpToDateAsync(Login login, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);
}
