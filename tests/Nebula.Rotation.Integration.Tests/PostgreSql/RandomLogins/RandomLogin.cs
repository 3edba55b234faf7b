using CsCheck;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.PostgreSql.RandomLogins;

/// <summary>A login at random, as statements with the slots of <see cref="RandomRights"/>.</summary>
/// <param name="Old">What its name is like.</param>
/// <param name="New">What the next login's name is like.</param>
/// <param name="Role">Attributes, settings, memberships.</param>
/// <param name="Here">Rights in the credential's database.</param>
/// <param name="There">Rights in another one.</param>
internal sealed record RandomLogin(string Old, string New, string Role, string Here, string There)
{
    public static Gen<RandomLogin> Of(int version) => Gen.Select(
        RandomText.Name,
        RandomText.Name,
        Gen.Select(Attributes(version), Settings.Array[0, 4], Memberships(version), (attributes, settings, memberships) => string.Join(";\n", [attributes, .. settings, .. memberships])),
        RandomRights.In(version),
        RandomRights.In(version),
        (old, @new, role, here, there) => new RandomLogin(old, @new, role, here, there));

    /// <summary>INHERIT stays before 16: an owner without it is a blocker there.</summary>
    private static Gen<string> Attributes(int version) => Gen.Select(
        Gen.Bool.Array[5],
        Gen.Int[-1, 100],
        Gen.OneOf(null, "2091-02-03 04:05:06+00", "2777-12-31 23:59:59.123456+00"),
        RandomText.Any,
        (flags, limit, end, comment) =>
        {
            string[] names = ["CREATEDB", "CREATEROLE", "BYPASSRLS", "REPLICATION", "INHERIT"];
            var clauses = names.Zip(flags, (name, flag) => flag || name == "INHERIT" && version < 16 ? name : "NO" + name);
            return $"ALTER ROLE {{0}} {string.Join(' ', clauses)} CONNECTION LIMIT {limit}{(end is null ? "" : $" VALID UNTIL '{end}'")};\n"
                   + $"COMMENT ON ROLE {{0}} IS {PostgresServer.Literal(comment)}";
        });

    private static readonly Gen<string> Settings = Gen.Select(
        Gen.OneOf("", " IN DATABASE {4}", " IN DATABASE {8}"),
        Gen.OneOf(
            Gen.OneOf(
                "work_mem = '7MB'", "statement_timeout = '33s'", "search_path = \"S 1\", \"$user\", public", "search_path = ''", "temp_tablespaces = ''", "search_path = \"no such\", pg_catalog", "role = {1}"),
            RandomText.Any.Select(text => $"\"my.setting\" = {PostgresServer.Literal(text)}"),
            RandomText.Any.Select(text => $"application_name = {PostgresServer.Literal(text)}")),
        (where, setting) => $"ALTER ROLE {{0}}{where} SET {setting}");

    private static Gen<string[]> Memberships(int version)
    {
        var options = version >= 16
            ? Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool, Gen.Bool, (admin, inherit, set, byDeputy) => (Text: $" WITH ADMIN {admin}, INHERIT {inherit}, SET {set}", By: byDeputy ? " GRANTED BY {6}" : "", Admin: admin))
            : Gen.Bool.Select(admin => (Text: admin ? " WITH ADMIN OPTION" : "", By: "", Admin: admin));
        return Gen.Select(Gen.Int[0, 3], options, options, Gen.Bool, (which, group, member, gives) =>
        {
            List<string> statements = [];
            if ((which & 1) != 0)
            {
                statements.Add($"GRANT {{1}} TO {{0}}{group.Text}{group.By}");
                if (group.Admin && gives)
                    statements.Add("SET ROLE {0}; GRANT {1} TO {2}; RESET ROLE");
            }

            if ((which & 2) != 0)
                statements.Add($"GRANT {{0}} TO {{2}}{member.Text}");
            return statements.ToArray();
        });
    }
}
