namespace Nebula.Rotation.Engine.Databases.PostgreSql.Admins;

/// <summary>
/// The connected admin, which is no superuser, as one database sees it: what it may do itself, and with each role. Facts are read with its eyes: a grant that only others can
/// make or take back is one that it makes itself, for the next login.
/// </summary>
internal sealed class AdminView(string name)
{
    private readonly Dictionary<string, AdminRole> _roles = new(StringComparer.Ordinal);

    public string Name { get; } = name;

    /// <summary>The name as statements have it.</summary>
    public string Quoted { get; } = PostgreSqlDialect.Identifier(name);

    public required bool CreatesRoles { get; init; }

    public required bool CreatesDatabases { get; init; }

    public required bool Replicates { get; init; }

    public required bool BypassesPolicies { get; init; }

    /// <summary>Whether it uses what its memberships give without SET ROLE; an attribute before 16, an option of each membership since.</summary>
    public required bool Inherits { get; init; }

    /// <summary>Whether it, or the login, may make schemas in the visited database.</summary>
    public required bool CreatesSchemas { get; init; }

    /// <summary>The role that made the server, a superuser.</summary>
    public string Bootstrap { get; set; } = "";

    public void Add(string role, AdminRole answer) => _roles[role] = answer;

    /// <summary>A role by the name that the catalog has; one that is gone by now can be nothing to anybody.</summary>
    public AdminRole Role(string role) =>
        _roles.TryGetValue(role, out var known) ? known : new(PostgreSqlDialect.Identifier(role), IsSuperuser: false, Has: false, CanBe: false, MayGrant: false, HasOwn: false, CanBeOwn: false);

    /// <summary>Whether a grant that <paramref name="grantor"/> made on an object of <paramref name="owner"/> can be made again, and taken back, in that one's name.</summary>
    public bool CanActAs(string grantor, string? owner) => grantor == Name || (grantor == owner ? Role(grantor).Has : Role(grantor).CanBe);
}
