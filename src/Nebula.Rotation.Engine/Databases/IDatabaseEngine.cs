namespace Nebula.Rotation.Engine.Databases;

/// <summary>What the workflow knows of a database: how to reach it, how to prove a login, and who plans for it. One implementation a room.</summary>
internal interface IDatabaseEngine
{
    DatabaseType DatabaseType { get; }

    IReadOnlyCollection<RotationStrategy> Strategies { get; }

    /// <summary>Facts → statements, pure.</summary>
    ILoginPlanner Planner { get; }

    /// <summary>Plans for two passwords at once; null where the engine has no such thing and <see cref="RotationStrategy.DualPassword"/> is not offered.</summary>
    IDualPasswordPlanner? DualPasswordPlanner { get; }

    /// <summary>
    /// How many rotations one server takes at once in a run over many. Where they meet in its catalog they are repeated, which is bounded; sixteen is what
    /// is tested.
    /// </summary>
    int RotationsAtOnce => 16;

    /// <summary>True where each endpoint has logins of its own, which a new endpoint has not got: <see cref="IAdminConnection.BringUpToDateAsync"/>.</summary>
    bool HasLoginsPerEndpoint => false;

    /// <summary>Plans for an owner role; null where the engine has no ownership that a role without a login could have.</summary>
    IOwnershipPlanner? OwnershipPlanner => null;

    /// <summary>The rules for user names: length in the engine's own unit, what is reserved.</summary>
    UsernameRules UsernameRules { get; }

    /// <summary>Throws InvalidArgument for a target this engine cannot reach (a port, a host, a user name that it does not take).</summary>
    void Validate(DatabaseCredential credential);

    /// <summary>Throws InvalidArgument for a format the engine has no form of.</summary>
    Secret FormatConnectionString(DatabaseCredential credential, Login login, ConnectionStringFormat format);

    /// <summary>
    /// Connects as admin, past any pool, to the endpoint that takes writes. Throws ServerUnreachable, UnsupportedServer, AdminAuthenticationFailed.
    /// </summary>
    /// <param name="credential">Where to.</param>
    /// <param name="admin">As whom.</param>
    /// <param name="idle">Where an earlier rotation of the run may have left a session, and where this one leaves its own; null where there is no next.</param>
    /// <param name="cancellationToken">Ends the connecting.</param>
    Task<IAdminConnection> ConnectAdminAsync(DatabaseCredential credential, Login admin, IdleSessions? idle, CancellationToken cancellationToken);

    /// <summary>
    /// Logs in as a login on every endpoint, over connections of its own that no earlier success can lend itself to, asks the server who it is,
    /// and runs the query. A failure is a result.
    /// </summary>
    Task<IReadOnlyList<CredentialTestResult>> CheckLoginAsync(
        DatabaseCredential credential, Login login, string? verifyQuery, CancellationToken cancellationToken);

    /// <summary>The credential for whoever must not go through a pooler; the same one when it names no other address than the server's.</summary>
    DatabaseCredential WithoutPooler(DatabaseCredential credential) => credential;

    /// <summary><see cref="CheckLoginAsync"/> at a pooler alone, whose address the credential is given with.</summary>
    Task<IReadOnlyList<CredentialTestResult>> CheckPooledLoginAsync(DatabaseCredential credential, Login login, CancellationToken cancellationToken) =>
        CheckLoginAsync(credential, login, null, cancellationToken);
}
