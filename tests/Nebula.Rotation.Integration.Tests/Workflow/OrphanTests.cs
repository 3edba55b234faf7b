using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>A login that came back with a restored database, on a real server.</summary>
public sealed class OrphanTests(SharedPostgres postgres)
{
    [Fact]
    public async Task A_retired_login_that_is_there_again_is_found_by_its_password_and_dropped_with_what_it_owns_moved()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var record = await scene.RotateAsync();
        Assert.Empty(await FindAsync(scene));
        var old = PostgresServer.Identifier(scene.OldLogin);
        await scene.Database.ExecuteAsync(
            $"""
            CREATE ROLE {old} LOGIN PASSWORD {PostgresServer.Literal(Scene.OldPassword)};
            GRANT SELECT ON public.shared TO {old};
            CREATE TABLE public.left_behind (id integer);
            ALTER TABLE public.left_behind OWNER TO {old};
            """);

        var orphan = Assert.Single(await FindAsync(scene));
        Assert.Equal((scene.OldLogin, true, true, (Guid?)record.RotationId), (orphan.Username, orphan.IsOurs, orphan.CanLogIn, orphan.RotationId));
        await using (var busy = await scene.Database.OpenAsync(scene.OldLogin, Scene.OldPassword))
        {
            await Assert.ThrowsAsync<RotationException>(() => scene.Service.RemoveOrphanAsync("app", "global", scene.OldLogin, null, Scene.Ct));
        }

        // The session ends on the server a moment after its client has closed it.
        await using (var admin = await scene.Database.OpenAsync())
        await using (var count = new NpgsqlCommand("SELECT count(*) FROM pg_stat_activity WHERE usename = $1", admin) { Parameters = { new() { Value = scene.OldLogin } } })
        {
            while (await count.ExecuteScalarAsync(Scene.Ct) is > 0L)
                await Task.Delay(TimeSpan.FromMilliseconds(20), Scene.Ct);
        }

        await scene.Service.RemoveOrphanAsync("app", "global", scene.OldLogin, null, Scene.Ct);

        Assert.Equal([record.NewUsername], await scene.LoginsAsync());
        Assert.Empty(await FindAsync(scene));
        await using var connection = await scene.ConnectAsync(await scene.LiveAsync());
        await using var command = new NpgsqlCommand("DROP TABLE public.left_behind", connection);
        await command.ExecuteNonQueryAsync(Scene.Ct);
    }

    // Other tests' logins on the same server have names like these; a rotation of this store knows none of them.
    private static async Task<IReadOnlyList<OrphanLogin>> FindAsync(Scene scene) =>
        [.. (await scene.Service.FindOrphansAsync("app", "global", null, Scene.Ct)).Where(orphan => orphan.RotationId is not null)];
}
