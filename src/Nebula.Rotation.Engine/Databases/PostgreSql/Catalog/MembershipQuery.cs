using Nebula.Rotation.Engine.Databases.PostgreSql.Admins;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>pg_auth_members: where the login is the member, the group or the grantor.</summary>
internal sealed class MembershipQuery(string username) : ICatalogQuery
{
    private static readonly Version WithOptions = new(16, 0);

    public string Sql(Version serverVersion)
    {
        var options = serverVersion >= WithOptions
            ? "format('INHERIT %s, SET %s', CASE WHEN m.inherit_option THEN 'TRUE' ELSE 'FALSE' END, CASE WHEN m.set_option THEN 'TRUE' ELSE 'FALSE' END)"
            : "NULL::text";
        // Before 16 the grantor may have been dropped; its number then means nobody.
        return
            $"""
            SELECT r.rolname::text, u.rolname::text, g.rolname::text, m.admin_option, {options}
            FROM pg_auth_members AS m
            JOIN pg_roles AS r ON r.oid = m.roleid
            JOIN pg_roles AS u ON u.oid = m.member
            LEFT JOIN pg_roles AS g ON g.oid = m.grantor
            WHERE {CatalogSql.Login} IN (m.roleid, m.member, m.grantor)
            """;
    }

    /// <summary>
    /// What an admin that is no superuser gives. It is a member of the logins that it makes: no fact of theirs. It cannot name another as the grantor, so that who gave what is no
    /// fact either, and what several gave is one membership. What the login gave to others counts from 16 on, when it can be given in its successor's name.
    /// </summary>
    private async Task ReadAsAdminAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, AdminView admin, CancellationToken cancellationToken)
    {
        var merged = new Dictionary<(string Group, string Member), (bool WithAdmin, bool Inherits, bool Sets, bool HasOptions)>();
        var others = new Dictionary<(string Group, string Member), string>();
        while (await rows.ReadAsync(cancellationToken))
        {
            var (group, member, grantor) = (rows.GetString(0), rows.GetString(1), SnapshotBuilder.Text(rows, 2));
            var options = SnapshotBuilder.Text(rows, 4);
            var key = (group, member);
            if (group == username && member == admin.Name)
                continue;
            if (member != username && group != username)
            {
                if (options is not null)
                    snapshot.Add(Fact(snapshot, group, member, grantor, rows.GetBoolean(3), options));
                continue;
            }

            var known = merged.GetValueOrDefault(key);
            merged[key] = (
                known.WithAdmin || rows.GetBoolean(3),
                known.Inherits || options?.Contains("INHERIT TRUE", StringComparison.Ordinal) == true,
                known.Sets || options?.Contains("SET TRUE", StringComparison.Ordinal) == true,
                options is not null);
            if (options is not null && grantor is not null && grantor != admin.Name)
                others[key] = grantor;
            if (member == username && !admin.Role(group).MayGrant)
                snapshot.Missing.NeedToGrant(admin.Role(group));
        }

        foreach (var (key, (withAdmin, inherits, sets, hasOptions)) in merged)
        {
            var options = hasOptions ? $"INHERIT {Word(inherits)}, SET {Word(sets)}" : null;
            var fact = Fact(snapshot, key.Group, key.Member, grantor: null, withAdmin, options);
            snapshot.Add(fact);
            if (others.TryGetValue(key, out var grantor))
                snapshot.AddGivenByOthers(fact, grantor);
        }

        static string Word(bool value) => value ? "TRUE" : "FALSE";
    }

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        if (snapshot.Admin is { } admin)
        {
            await ReadAsAdminAsync(rows, snapshot, admin, cancellationToken);
            return;
        }

        while (await rows.ReadAsync(cancellationToken))
        {
            var (group, member, grantor) = (rows.GetString(0), rows.GetString(1), SnapshotBuilder.Text(rows, 2));
            snapshot.Add(Fact(snapshot, group, member, grantor, rows.GetBoolean(3), SnapshotBuilder.Text(rows, 4)));
        }
    }

    private PermissionFact Fact(SnapshotBuilder snapshot, string group, string member, string? grantor, bool withAdmin, string? options)
    {
        var kind = member == username ? FactKinds.MemberOf : group == username ? FactKinds.HasMember : FactKinds.GrantedMembership;
        return new()
        {
            Kind = kind,
            ObjectType = kind == FactKinds.HasMember ? null : "ROLE",
            ObjectName = kind == FactKinds.HasMember ? null : PostgreSqlDialect.Identifier(group),
            Name = "MEMBER",
            Value = options,
            Grantor = grantor is null ? null : snapshot.Role(grantor),
            Grantee = kind == FactKinds.MemberOf ? null : PostgreSqlDialect.Identifier(member),
            WithGrantOption = withAdmin,
            // One row, one grantor: only one of two logins can be it.
            IsExclusive = kind == FactKinds.GrantedMembership && options is null,
        };
    }
}
