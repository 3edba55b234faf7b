using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Admins;

/// <summary>A credential whose admin is no superuser: an admin with CREATEROLE that made the login, as on a managed server, and a role that owns things.</summary>
internal sealed class AdminScene : IAsyncDisposable
{
    private AdminScene(Scene scene, Login admin, string[] names)
    {
        Scene = scene;
        Admin = admin;
        Names = names;
    }

    public Scene Scene { get; }

    /// <summary>The admin.</summary>
    public Login Admin { get; }

    /// <summary>The names that stand in statements by their numbers.</summary>
    public string[] Names { get; }

    public string Database => Scene.Database.Name;

    /// <summary>The server's major version.</summary>
    public int Version => Scene.Database.Server.Version.Major;

    /// <summary>
    /// Makes the admin, the login, and what <paramref name="sql"/> says. {0} is the login, {1} the admin, {2} the owner, {3} the database, {4}, {5} and {6} are names for further roles, of
    /// which {4} exists.
    /// </summary>
    /// <param name="postgres">Where.</param>
    /// <param name="sql">Run as the superuser, or whom it sets.</param>
    /// <param name="attributes">The admin's.</param>
    /// <param name="madeByAdmin">Whether the admin made the login.</param>
    public static async Task<AdminScene> CreateAsync(SharedPostgres postgres, string sql, string attributes = "CREATEROLE", bool madeByAdmin = true)
    {
        string[] names = [];
        var scene = await Scene.CreateAsync(
            await postgres.ServerAsync(),
            password: "Old-Password.1",
            setUp: async (database, login) =>
            {
                names = [login, database.NewRoleName("the \"admin\""), database.NewRoleName("owner"), database.Name, database.NewRoleName("third"), database.NewRoleName("group"), database.NewRoleName("rds_superuser")];
                await database.ExecuteAsync(Named(
                    $$"""
                    CREATE ROLE {1} LOGIN {{attributes}} PASSWORD 'secret';
                    CREATE ROLE {2};
                    CREATE ROLE {4};
                    {{(madeByAdmin ? "SET SESSION AUTHORIZATION {1};" : "")}}
                    CREATE ROLE {0} LOGIN PASSWORD 'Old-Password.1';
                    RESET SESSION AUTHORIZATION;
                    {{sql}}
                    """,
                    names));
                return new(names[1], new("secret"));
            });
        return new(scene, new(names[1], new("secret")), names);
    }

    public static string Named(string sql, params string[] names)
    {
        for (var index = 0; index < names.Length; index++)
        {
            sql = sql
                .Replace($"{{{index}}}", PostgresServer.Identifier(names[index]), StringComparison.Ordinal)
                .Replace($"{{{index}!}}", names[index], StringComparison.Ordinal);
        }

        return sql;
    }

    /// <summary>A login's facts as a superuser reads them, but for who gave what, and for the admin's own membership: what a rotation by another must keep.</summary>
    public async Task<HashSet<PermissionFact>> ReadAsync(string username)
    {
        var server = Scene.Database.Server;
        await using var admin = await new PostgreSqlEngine().ConnectAdminAsync(
            Room.CredentialFor(server, Database, username), new(server.SuperUser, new(server.SuperPassword)), Scene.Ct);
        var snapshot = await admin.ReadSnapshotAsync(username, Scene.Ct);
        Assert.True(snapshot.Exists);
        return
        [
            .. from fact in snapshot.Facts
               where !(fact.Kind == FactKinds.HasMember && fact.Grantee == PostgresServer.Identifier(Admin.Username))
               where fact.Kind != FactKinds.GrantedMembership || Version >= 16
               select fact.Kind == FactKinds.DefaultPrivilege ? fact : fact with { Grantor = null },
        ];
    }

    /// <summary>What the admin lacks, by the plan.</summary>
    public async Task<List<string>> MissingAsync()
    {
        const string Before = "lacks a right: ";
        var plan = await Scene.Service.PlanAsync(new() { Name = "app" }, Scene.Ct);
        return [.. from blocker in plan.Blockers where blocker.Reason.StartsWith(Before, StringComparison.Ordinal) select blocker.Reason[Before.Length..]];
    }

    public ValueTask DisposeAsync() => Scene.DisposeAsync();
}
