namespace Nebula.Rotation.Engine.Databases.MySql.Catalog;

/// <summary>Roles that the login has and is, dynamic privileges, and who may act as whom.</summary>
internal static class RoleReader
{
    private const string RoleType = "ROLE";

    public static void ReadEdges(IEnumerable<MySqlRow> rows, SnapshotBuilder builder)
    {
        foreach (var row in rows)
        {
            var (role, member) = (builder.Name(row.Text("FROM_USER"), row.Text("FROM_HOST")), builder.Name(row.Text("TO_USER"), row.Text("TO_HOST")));
            var kind = MySqlDialect.IsLogin(member) ? FactKinds.MemberOf : MySqlDialect.IsLogin(role) ? FactKinds.HasMember : null;
            if (kind is not null)
                builder.Add(new() { Kind = kind, ObjectType = RoleType, ObjectName = role, Name = "MEMBER", Grantee = member, WithGrantOption = row.IsYes("WITH_ADMIN_OPTION") });
        }
    }

    public static void ReadDefaults(IReadOnlyList<MySqlRow> rows, SnapshotBuilder builder)
    {
        foreach (var of in rows.GroupBy(row => builder.Name(row.Text("USER"), row.Text("HOST"))))
        {
            var roles = of.Select(row => builder.Name(row.Text("DEFAULT_ROLE_USER"), row.Text("DEFAULT_ROLE_HOST"))).ToList();
            if (MySqlDialect.IsLogin(of.Key))
            {
                foreach (var role in roles)
                    builder.Add(new() { Kind = FactKinds.DefaultRole, ObjectType = RoleType, ObjectName = role, Name = "DEFAULT", Grantee = of.Key });
                continue;
            }

            foreach (var role in roles.Where(MySqlDialect.IsLogin))
                builder.Add(new() { Kind = FactKinds.DefaultRoleOf, ObjectType = RoleType, ObjectName = role, Name = "DEFAULT", Grantee = of.Key });
            // To add one is to write them all.
            foreach (var role in roles.Where(role => !MySqlDialect.IsLogin(role)))
                builder.AddTo(HintNames.Of(HintNames.DefaultRoles, of.Key), role);
        }
    }

    public static void ReadDynamic(IEnumerable<MySqlRow> rows, SnapshotBuilder builder)
    {
        foreach (var row in rows)
        {
            builder.Add(new()
            {
                Kind = FactKinds.DynamicPrivilege,
                ObjectType = FactKinds.Global,
                ObjectName = "*.*",
                Name = row.Text("PRIV"),
                Grantee = MySqlDialect.FactAccount(row.Text("HOST")),
                WithGrantOption = row.IsYes("WITH_GRANT_OPTION"),
            });
        }
    }

    /// <summary>MariaDB's: a role is a name, and no account is one.</summary>
    public static void ReadMappings(IEnumerable<MySqlRow> rows, SnapshotBuilder builder)
    {
        foreach (var row in rows)
        {
            builder.Add(new()
            {
                Kind = FactKinds.MemberOf,
                ObjectType = RoleType,
                ObjectName = MySqlDialect.Identifier(row.Text("Role")),
                Name = "MEMBER",
                Grantee = MySqlDialect.FactAccount(row.Text("Host")),
                WithGrantOption = row.IsYes("Admin_option"),
            });
        }
    }

    public static void ReadProxies(IEnumerable<MySqlRow> rows, SnapshotBuilder builder)
    {
        foreach (var row in rows)
        {
            var (proxy, proxied) = (Name("User", "Host"), Name("Proxied_user", "Proxied_host"));
            if (!MySqlDialect.IsLogin(proxy) && !MySqlDialect.IsLogin(proxied))
                continue;
            builder.Add(new() { Kind = FactKinds.Proxy, ObjectType = "USER", ObjectName = proxied, Name = "PROXY", Grantee = proxy, WithGrantOption = row.IsYes("With_grant") });

            string Name(string user, string host)
            {
                var (name, at) = (row.Text(user), row.Text(host));
                return name == builder.Username && builder.Hosts.Contains(at, StringComparer.OrdinalIgnoreCase) ? MySqlDialect.FactAccount(at) : MySqlDialect.Account(name, at);
            }
        }
    }
}
