using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Databases.PostgreSql.Admins;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Tests.PostgreSql;

/// <summary>What an admin lacks, as statements; on real servers it is proved that they mend it.</summary>
public sealed class MissingRightsTests
{
    private const string Admin = "\"admin\"";

    private static readonly ServerDescription Old = new("PostgreSQL 15", 0);

    private static readonly ServerDescription New = new("PostgreSQL 18", (long)PostgreSqlFeatures.MembershipOptions);

    [Fact]
    public void Several_needs_of_one_role_are_one_statement_with_no_more_than_is_needed()
    {
        var missing = new MissingRights();
        missing.NeedToGrant(Role("\"g\""));
        missing.NeedPrivilegesOf(Role("\"g\""));
        missing.NeedToBe(Role("\"deputy\""));

        Assert.Equal(
            ["GRANT \"deputy\" TO \"admin\" WITH INHERIT FALSE, SET TRUE", "GRANT \"g\" TO \"admin\" WITH ADMIN TRUE, INHERIT TRUE, SET FALSE"],
            missing.ToStatements(Admin, New));
        Assert.Equal(["GRANT \"deputy\" TO \"admin\"", "GRANT \"g\" TO \"admin\" WITH ADMIN OPTION"], missing.ToStatements(Admin, Old));
    }

    [Fact]
    public void What_a_membership_has_already_is_not_taken_from_it()
    {
        var missing = new MissingRights();
        missing.NeedToGrant(Role("\"g\"") with { HasOwn = true, CanBeOwn = true });
        missing.NeedToGrant(Role("\"h\"") with { HasOwn = true });

        Assert.Equal(["GRANT \"g\" TO \"admin\" WITH ADMIN TRUE", "GRANT \"h\" TO \"admin\" WITH ADMIN TRUE, SET FALSE"], missing.ToStatements(Admin, New));
    }

    [Fact]
    public void Who_must_be_a_superuser_needs_nothing_else()
    {
        var missing = new MissingRights();
        missing.NeedAttribute("CREATEDB");
        missing.NeedToBe(Role("\"g\""));
        missing.NeedAttribute("SUPERUSER");

        Assert.Equal(["ALTER ROLE \"admin\" SUPERUSER"], missing.ToStatements(Admin, New));
    }

    [Fact]
    public void Rights_on_several_objects_become_few_statements_and_say_where_to_run_them()
    {
        var missing = new MissingRights();
        foreach (var (database, table, privilege) in new[] { ("a", "t1", "SELECT"), ("a", "t2", "SELECT"), ("b", "t1", "UPDATE"), ("a", "t1", "SELECT") })
            missing.NeedOption(new() { Kind = FactKinds.Privilege, Database = database, ObjectType = "TABLE", ObjectName = table, ObjectOwner = "\"postgres\"", Grantor = "\"postgres\"", Name = privilege });
        var elsewhere = new MissingRights();
        elsewhere.NeedAttribute("CREATEROLE");
        elsewhere.Need("GRANT SET ON PARAMETER \"x\" TO \"admin\"");
        missing.Merge(elsewhere);

        Assert.Equal(
            [
                "ALTER ROLE \"admin\" CREATEROLE",
                "GRANT SELECT ON TABLE t1, t2 TO \"admin\" WITH GRANT OPTION /* in database \"a\" */",
                "GRANT UPDATE ON TABLE t1 TO \"admin\" WITH GRANT OPTION /* in database \"b\" */",
                "GRANT SET ON PARAMETER \"x\" TO \"admin\"",
            ],
            missing.ToStatements(Admin, New));
    }

    private static AdminRole Role(string name) => new(name, IsSuperuser: false, Has: false, CanBe: false, MayGrant: false, HasOwn: false, CanBeOwn: false);
}
