namespace Nebula.Rotation.TestServers.Oracles;

/// <summary>What to read. Dumps are of whole databases; on a server that others use too, the lines about the whole cluster are cut down to the roles in question.</summary>
internal sealed record DumpRequest
{
    private DumpRequest(string login) => Login = login;

    /// <summary>The login whose name is replaced.</summary>
    public string Login { get; }

    /// <summary>The databases; null for each that takes connections.</summary>
    public IReadOnlyList<string>? Databases { get; private init; }

    /// <summary>Whose roles, memberships and settings are kept, beside the login's; null for everybody's.</summary>
    public IReadOnlyCollection<string>? OtherRoles { get; private init; }

    /// <summary>Whether only lines that name the login are kept.</summary>
    public bool LoginOnly { get; private init; }

    /// <summary>Everything in the cluster. For a server of one's own: what others do at the same time is seen as a difference.</summary>
    public static DumpRequest WholeCluster(string login) => new(login);

    /// <summary>Everything in some databases, and of the cluster what concerns the login or the other roles.</summary>
    public static DumpRequest Of(string login, IReadOnlyList<string> databases, params IReadOnlyCollection<string> otherRoles) =>
        new(login) { Databases = databases, OtherRoles = otherRoles };

    /// <summary>Only what names the login as a role: two logins that exist side by side can be compared so.</summary>
    public DumpRequest OnlyTheLogin() => this with { LoginOnly = true };

    public bool Keeps(DumpLine line)
    {
        if (line.Roles.Contains(Login))
            return true;
        return !LoginOnly && (line.Database is not null || OtherRoles is null || OtherRoles.Any(line.Roles.Contains));
    }
}
