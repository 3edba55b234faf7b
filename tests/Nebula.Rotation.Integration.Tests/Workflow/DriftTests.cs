using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Workflow;

public abstract class DriftTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : DriftTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : DriftTests(postgres);

    [Fact]
    public async Task A_right_granted_or_revoked_by_hand_since_the_last_rotation_is_named()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        Assert.Null(await DriftAsync(scene));
        await scene.RotateAsync();
        Assert.Empty((await DriftAsync(scene))!);

        var live = PostgresServer.Identifier((await scene.LiveAsync()).Username);
        await scene.Database.ExecuteAsync($"GRANT DELETE ON public.shared TO {live}; REVOKE UPDATE ON public.shared FROM {live}; CREATE TABLE public.extra (); ALTER TABLE public.extra OWNER TO {live}");

        var drift = (await DriftAsync(scene))!;
        Assert.Equal(
            ["<= UPDATE", "=> DELETE", "=> OWNER"],
            drift.Select(difference => $"{difference.SideIndicator} {difference.Fact.Name}").Order(StringComparer.Ordinal));
        var result = Assert.Single(await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, Scene.Ct));
        Assert.True(result.Succeeded);
        Assert.Contains("Its rights differ from those recorded on", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_logins_are_compared_both_ways()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var other = await scene.Database.NewLoginAsync("other");
        await scene.Database.ExecuteAsync($"GRANT INSERT ON public.shared TO {PostgresServer.Identifier(other)}");

        var differences = await scene.Service.CompareAsync("app", DatabaseCredential.DefaultScope, scene.OldLogin, other, null, Scene.Ct);

        Assert.Contains(differences, difference => difference is { SideIndicator: "=>", Fact.Name: "INSERT" } && difference.Username == other);
        Assert.Contains(differences, difference => difference is { SideIndicator: "<=", Fact.Name: "SELECT" });
        Assert.Contains(differences, difference => difference is { SideIndicator: "<=", Fact.IsExclusive: true });
        Assert.Empty(await scene.Service.CompareAsync("app", DatabaseCredential.DefaultScope, scene.OldLogin, scene.OldLogin, null, Scene.Ct));
        var unknown = await Assert.ThrowsAsync<RotationException>(
            () => scene.Service.CompareAsync("app", DatabaseCredential.DefaultScope, "nobody at all", other, null, Scene.Ct));
        Assert.Equal(RotationErrorCode.InvalidArgument, unknown.Code);
    }

    private static async Task<IReadOnlyList<PermissionDifference>?> DriftAsync(Scene scene) =>
        Assert.Single(await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, Scene.Ct)).Drift;
}
