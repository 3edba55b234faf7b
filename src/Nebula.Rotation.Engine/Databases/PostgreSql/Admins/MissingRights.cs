using Nebula.Rotation.Engine.Databases.PostgreSql.Rules;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Admins;

/// <summary>What an admin that is no superuser lacks for rotating one login, collected while its facts are read; in the end, the statements that a superuser would run.</summary>
internal sealed class MissingRights
{
    private readonly SortedSet<string> _attributes = new(StringComparer.Ordinal);

    private readonly SortedDictionary<string, RoleNeed> _roles = new(StringComparer.Ordinal);

    private readonly HashSet<PermissionFact> _options = [];

    private readonly SortedSet<string> _statements = new(StringComparer.Ordinal);

    /// <summary>An attribute of ALTER ROLE.</summary>
    public void NeedAttribute(string attribute) => _attributes.Add(attribute);

    /// <summary>To have a role's privileges: to act as the owner that it is.</summary>
    public void NeedPrivilegesOf(AdminRole role) => _roles[role.Name] = Of(role) with { Inherit = true };

    /// <summary>To switch to a role: to grant in its name.</summary>
    public void NeedToBe(AdminRole role) => _roles[role.Name] = Of(role) with { Set = true };

    /// <summary>To make others members of a role.</summary>
    public void NeedToGrant(AdminRole role) => _roles[role.Name] = Of(role) with { Admin = true };

    /// <summary>To pass a privilege on.</summary>
    public void NeedOption(PermissionFact privilege) => _options.Add(privilege);

    /// <summary>Anything else, as the statement.</summary>
    public void Need(string statement) => _statements.Add(statement);

    public void Merge(MissingRights other)
    {
        _attributes.UnionWith(other._attributes);
        _options.UnionWith(other._options);
        _statements.UnionWith(other._statements);
        foreach (var (name, need) in other._roles)
        {
            var mine = Of(need.Role);
            _roles[name] = mine with { Admin = mine.Admin || need.Admin, Inherit = mine.Inherit || need.Inherit, Set = mine.Set || need.Set };
        }
    }

    /// <summary>One statement each; what must be run in a certain database says so in a comment.</summary>
    public IReadOnlyList<string> ToStatements(string admin, ServerDescription server)
    {
        // Whoever is one needs nothing else.
        if (_attributes.Contains("SUPERUSER"))
            return [$"ALTER ROLE {admin} SUPERUSER"];
        var options = new StatementList(RotationStage.Prepare);
        var context = new RuleContext(new() { Username = "?", Exists = false, Server = server }, options);
        PrivilegeStatements.Grant(
            context,
            "Admin",
            _options.Select(fact => fact with { Kind = FactKinds.Privilege, Grantor = null, ObjectOwner = null, Grantee = admin, WithGrantOption = true }));
        return
        [
            .. _attributes.Count > 0 ? new[] { $"ALTER ROLE {admin} {string.Join(' ', _attributes)}" } : [],
            .. _roles.Values.Select(need => Grant(need, admin, context.Has(PostgreSqlFeatures.MembershipOptions))),
            .. options.Statements.Select(statement => In(statement.Database, statement.Text)),
            .. _statements,
        ];
    }

    /// <summary>A statement with the database that it must be run in.</summary>
    public static string In(string? database, string statement) => database is null ? statement : $"{statement} /* in database {PostgreSqlDialect.Identifier(database)} */";

    private static string Grant(RoleNeed need, string admin, bool hasOptions)
    {
        var grant = $"GRANT {need.Role.Name} TO {admin}";
        if (!hasOptions)
            return grant + (need.Admin ? " WITH ADMIN OPTION" : "");
        var options = new List<string>();
        if (need.Admin)
            options.Add("ADMIN TRUE");
        // No more than is needed, and nothing that a membership has already is taken away by the statement.
        if (need.Inherit || !need.Role.HasOwn)
            options.Add($"INHERIT {(need.Inherit ? "TRUE" : "FALSE")}");
        if (need.Set || !need.Role.CanBeOwn)
            options.Add($"SET {(need.Set ? "TRUE" : "FALSE")}");
        return $"{grant} WITH {string.Join(", ", options)}";
    }

    private RoleNeed Of(AdminRole role) => _roles.TryGetValue(role.Name, out var need) ? need : new(role);

    private sealed record RoleNeed(AdminRole Role)
    {
        public bool Admin { get; init; }

        public bool Inherit { get; init; }

        public bool Set { get; init; }
    }
}
