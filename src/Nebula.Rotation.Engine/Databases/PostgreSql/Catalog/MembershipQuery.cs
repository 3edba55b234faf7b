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

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            var (group, member, grantor) = (rows.GetString(0), rows.GetString(1), SnapshotBuilder.Text(rows, 2));
            var options = SnapshotBuilder.Text(rows, 4);
            var kind = member == username ? FactKinds.MemberOf : group == username ? FactKinds.HasMember : FactKinds.GrantedMembership;
            snapshot.Add(new()
            {
                Kind = kind,
                ObjectType = kind == FactKinds.HasMember ? null : "ROLE",
                ObjectName = kind == FactKinds.HasMember ? null : PostgreSqlDialect.Identifier(group),
                Name = "MEMBER",
                Value = options,
                Grantor = grantor is null ? null : snapshot.Role(grantor),
                Grantee = kind == FactKinds.MemberOf ? null : PostgreSqlDialect.Identifier(member),
                WithGrantOption = rows.GetBoolean(3),
                // One row, one grantor: only one of two logins can be it.
                IsExclusive = kind == FactKinds.GrantedMembership && options is null,
            });
        }
    }
}
