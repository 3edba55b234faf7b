using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>The end of an old login's retention, on a real server.</summary>
public abstract class RetentionTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : RetentionTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : RetentionTests(postgres);

    [Fact]
    public async Task What_was_taken_from_others_while_the_old_login_was_kept_is_not_given_again_at_its_end()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var (loses, keeps) = (await scene.Database.NewLoginAsync("loses"), await scene.Database.NewLoginAsync("keeps"));
        await scene.Database.ExecuteAsync($"SET ROLE {PostgresServer.Identifier(scene.OldLogin)}; GRANT SELECT ON public.shared TO {loses}, {keeps}");

        Assert.Equal(RotationState.Retained, (await scene.RotateAsync(Scene.Request(retain: TimeSpan.FromMilliseconds(1)))).State);
        var live = (await scene.LiveAsync()).Username;
        await scene.Database.ExecuteAsync($"SET ROLE {PostgresServer.Identifier(live)}; REVOKE SELECT ON public.shared FROM {loses}");

        var ended = await scene.Service.ResumeAsync(Scene.Request(), new Observer(), Scene.Ct);
        Assert.Equal(RotationState.Completed, ended.State);
        Assert.Equal([live], await scene.LoginsAsync());
        Assert.False(await MaySelectAsync(scene, loses));
        Assert.True(await MaySelectAsync(scene, keeps));
    }

    private static async Task<bool> MaySelectAsync(Scene scene, string role)
    {
        await using var connection = await scene.Database.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT has_table_privilege($1, 'public.shared', 'SELECT')", connection) { Parameters = { new() { Value = role } } };
        return await command.ExecuteScalarAsync(Scene.Ct) is true;
    }
}
