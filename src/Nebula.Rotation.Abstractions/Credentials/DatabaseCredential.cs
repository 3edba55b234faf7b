namespace Nebula.Rotation;

/// <summary>
/// A login that an application uses, as the store knows it: where it leads, how it is rotated, which user name is live. It holds no password,
/// so that it can be printed, piped and serialised.
/// </summary>
public sealed record DatabaseCredential
{
    /// <summary>The scope of a credential that names none.</summary>
    public const string DefaultScope = "global";

    /// <summary>The permanent id; the name may be given to another credential later, the id never.</summary>
    public Guid Id { get; init; }

    /// <summary>The name, unique in its scope, compared without regard to case.</summary>
    public required string Name { get; init; }

    /// <summary>The scope; each has its own data key.</summary>
    public string Scope { get; init; } = DefaultScope;

    /// <summary>The kind of server.</summary>
    public required DatabaseType DatabaseType { get; init; }

    /// <summary>
    /// The endpoints, at least one: host names, addresses or socket folders. Each may bring a port of its own (<c>db2:5433</c>), an IPv6 address then in
    /// brackets (<c>[::1]:5433</c>). Which of several is the primary is asked, whatever their order; a login is proved on each of them, and drains from
    /// each of them.
    /// </summary>
    public required IReadOnlyList<string> HostName { get; init; }

    /// <summary>The TCP port of every endpoint that brings none of its own.</summary>
    public required int Port { get; init; }

    /// <summary>The database the application connects to.</summary>
    public required string Database { get; init; }

    /// <summary>The user name that is live now.</summary>
    public required string Username { get; init; }

    /// <summary>The number of the live version; the first is 1.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The user name of the stored admin login, or null when it is given at each rotation.</summary>
    public string? AdminUsername { get; init; }

    /// <summary>The name of another credential of the same scope that serves as admin, or null.</summary>
    public string? AdminCredentialName { get; init; }

    /// <summary>How connections are protected.</summary>
    public SslMode SslMode { get; init; }

    /// <summary>A PEM file with the authorities to trust, or null for the system's.</summary>
    public string? CACertificate { get; init; }

    /// <summary>The most connections the application's pools open together, or null when unknown.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>How long connecting may take, in whole seconds.</summary>
    public TimeSpan ConnectionTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How the second login comes to be.</summary>
    public RotationStrategy Strategy { get; init; }

    /// <summary>How often the credential is due, or null for on demand or by <see cref="Schedule"/>.</summary>
    public TimeSpan? RotationInterval { get; init; }

    /// <summary>A cron expression of five fields, or six with seconds first, that says when the credential is due; or null.</summary>
    public string? Schedule { get; init; }

    /// <summary>
    /// When a rotation may begin that a schedule asks for: <c>Sat,Sun 01:00-05:00</c>, <c>Mon-Fri 23:00-02:00</c>, <c>* 02:00-04:00</c>. Any of them;
    /// empty for always. What has begun is finished outside of them too.
    /// </summary>
    public IReadOnlyList<string> MaintenanceWindow { get; init; } = [];

    /// <summary>The time zone of <see cref="Schedule"/> and <see cref="MaintenanceWindow"/>, an IANA or Windows name; or null for UTC.</summary>
    public string? TimeZone { get; init; }

    /// <summary>How much later than its time a credential may become due, so that a fleet does not rotate at once; the same for it each time.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>
    /// How many earlier logins keep their password in the store after they were retired, so that an undo can make them again; the older ones' are erased.
    /// </summary>
    public int KeepVersions { get; init; } = 1;

    /// <summary>How long they keep it, counted from the end of the rotation or of its retention; null for as long as <see cref="KeepVersions"/> says.</summary>
    public TimeSpan? KeepVersionsFor { get; init; }

    /// <summary>How long a rotation keeps the old login, disabled, when nothing else is said; null to retire it at once.</summary>
    public TimeSpan? RetainFor { get; init; }

    /// <summary>The template of new user names, or null for <c>{name}_{random}</c>.</summary>
    public string? UsernameTemplate { get; init; }

    /// <summary>What new passwords are made of.</summary>
    public PasswordPolicy PasswordPolicy { get; init; } = PasswordPolicy.Default;

    /// <summary>Engine options by name, as given with -Option.</summary>
    public IReadOnlyDictionary<string, string> Option { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>What must carry the live login, in the order in which it is written in the Publish stage.</summary>
    public IReadOnlyList<PublishTarget> PublishTargets { get; init; } = [];

    /// <summary>Free words to select credentials by.</summary>
    public IReadOnlyList<string> Tag { get; init; } = [];

    /// <summary>Why rotation is refused for now, or null.</summary>
    public string? HoldReason { get; init; }

    /// <summary>When the credential was stored.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the live version became live.</summary>
    public DateTimeOffset LastRotatedAt { get; init; }

    /// <summary>When the next rotation is due, or null for only on demand.</summary>
    /// <remarks>The store computes it with each change.</remarks>
    public DateTimeOffset? NextRotationAt { get; init; }

    /// <summary>Whether a rotation is due now, and none holds it back.</summary>
    public bool IsDue => NextRotationAt <= DateTimeOffset.UtcNow && string.IsNullOrEmpty(HoldReason);

    /// <summary>A number that grows with each change of this record in the store; a change against an older one is refused.</summary>
    public long Revision { get; init; }

    /// <summary>Host names and ports as messages show them, with a comma between: each endpoint with its own port or the one that all have.</summary>
    public string Endpoints => string.Join(',', HostName.Select(host => HasPort(host) ? host : $"{(IsBareAddress6(host) ? $"[{host}]" : host)}:{Port}"));

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private static bool HasPort(string host) =>
        !host.StartsWith('/') && (host.StartsWith('[') ? !host.EndsWith(']') : host.Count(character => character == ':') == 1);

    private static bool IsBareAddress6(string host) => !host.StartsWith('/') && !host.StartsWith('[') && host.Contains(':');
}
