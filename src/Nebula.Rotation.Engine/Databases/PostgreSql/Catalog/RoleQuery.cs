using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;

/// <summary>pg_roles (which is pg_authid without passwords) and pg_shdescription: attributes and the comment.</summary>
internal sealed class RoleQuery : ICatalogQuery
{
    private static readonly string[] Flags = ["SUPERUSER", "CREATEDB", "CREATEROLE", "INHERIT", "REPLICATION", "BYPASSRLS"];

    public string Sql(Version serverVersion) =>
        """
        SELECT rolsuper, rolcreatedb, rolcreaterole, rolinherit, rolreplication, rolbypassrls,
               rolconnlimit, rolvaliduntil::text, shobj_description(oid, 'pg_authid'), rolcanlogin
        FROM pg_roles
        WHERE rolname = $1
        """;

    public async Task ReadAsync(NpgsqlDataReader rows, SnapshotBuilder snapshot, CancellationToken cancellationToken)
    {
        if (!await rows.ReadAsync(cancellationToken))
            return;
        snapshot.Exists = true;
        snapshot.CanLogIn = rows.GetBoolean(9);
        for (var column = 0; column < Flags.Length; column++)
            Attribute(Flags[column], rows.GetBoolean(column) ? "true" : "false");
        Attribute("CONNECTION LIMIT", rows.GetInt32(6).ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (SnapshotBuilder.Text(rows, 7) is { } validUntil)
            Attribute(FactKinds.ValidUntil, validUntil);
        if (SnapshotBuilder.Text(rows, 8) is { } comment)
            snapshot.Add(new() { Kind = FactKinds.Comment, Name = "COMMENT", Value = comment });

        void Attribute(string name, string value) => snapshot.Add(new() { Kind = FactKinds.Attribute, Name = name, Value = value });
    }
}
