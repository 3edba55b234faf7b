using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases.Redis;
using Nebula.Rotation.Integration.Tests.MySql;
using Nebula.Rotation.Integration.Tests.Redis;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>The store and a real server disagree: it is found, nothing is touched, and the command that is named mends it.</summary>
public static class DisagreementTests
{
    private const string ByHand = "by-hand-1A";

    public sealed class OnPostgreSql(SharedPostgres postgres)
    {
        [Fact]
        public async Task What_was_done_by_hand_is_found_and_mended_by_the_command_that_is_named()
        {
            await using var scene = await Scene.CreateAsync(postgres);
            var login = PostgresServer.Identifier(scene.OldLogin);
            await scene.Database.ExecuteAsync($"ALTER ROLE {login} PASSWORD '{ByHand}'");
            Assert.Contains("Set-NebulaDbCredential -Name 'app' -Credential", await FindAsync(scene.Service, "does not take the password"), StringComparison.Ordinal);
            await SetAsync(scene.Service, scene.OldLogin);
            await AssertAgreesAsync(scene.Service);

            await scene.Database.ExecuteAsync($"ALTER ROLE {login} NOLOGIN");
            await scene.Database.ExecuteAsync(StatementOf(await FindAsync(scene.Service, "is there and disabled")));
            await AssertAgreesAsync(scene.Service);

            await scene.Database.ExecuteAsync($"REASSIGN OWNED BY {login} TO {scene.Database.Server.SuperUser}; DROP OWNED BY {login}; DROP ROLE {login}");
            Assert.Contains("Set-NebulaDbCredential -Name 'app' -Credential", await FindAsync(scene.Service, "has no such login any more"), StringComparison.Ordinal);
            await scene.Database.ExecuteAsync($"CREATE ROLE {login} LOGIN PASSWORD '{ByHand}'; GRANT SELECT ON public.shared TO {login}");
            await SetAsync(scene.Service, scene.OldLogin);
            Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
        }

        [Theory]
        [InlineData(false)]
        [InlineData(true)]
        public async Task A_database_from_before_the_rotation_is_followed_by_an_undo(bool isDraining)
        {
            await using var scene = await Scene.CreateAsync(postgres);
            var old = await scene.LiveAsync();
            var made = (await scene.RotateAsync(Scene.Request(noWait: isDraining))).NewUsername;
            var (was, now) = (PostgresServer.Identifier(scene.OldLogin), PostgresServer.Identifier(made));
            if (!isDraining)
                await scene.Database.ExecuteAsync($"CREATE ROLE {was} LOGIN PASSWORD {PostgresServer.Literal(Scene.OldPassword)}; GRANT SELECT ON public.shared TO {was}");
            await scene.Database.ExecuteAsync($"REASSIGN OWNED BY {now} TO {was}; DROP OWNED BY {now}; DROP ROLE {now}");

            Assert.Contains("Undo-NebulaRotation -Name 'app'", await FindAsync(scene.Service, "which it took the place of, logs in", rotates: !isDraining), StringComparison.Ordinal);
            Assert.Equal(RotationState.Completed, (await scene.Service.UndoAsync(Scene.Request(), new Observer(), Scene.Ct)).State);

            Assert.Equal((old.Username, old.Password), ((await scene.LiveAsync()).Username, (await scene.LiveAsync()).Password));
            Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
            await AssertAgreesAsync(scene.Service);
            Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
        }
    }

    public sealed class OnMariaDb(SharedMariaDb mysql)
    {
        [Fact]
        public async Task What_was_done_by_hand_is_found_and_mended_by_the_command_that_is_named()
        {
            await using var scene = await MySqlScene.CreateAsync(mysql, withDefiners: false);
            var login = $"{MySqlServer.Identifier(scene.OldLogin)}@'%'";
            await scene.Server.ExecuteAsync($"ALTER USER {login} IDENTIFIED BY '{ByHand}'", ct: Scene.Ct);
            Assert.Contains("Set-NebulaDbCredential -Name 'app' -Credential", await FindAsync(scene.Service, "does not take the password"), StringComparison.Ordinal);
            await SetAsync(scene.Service, scene.OldLogin);
            await AssertAgreesAsync(scene.Service);

            await scene.Server.ExecuteAsync($"ALTER USER {login} ACCOUNT LOCK", ct: Scene.Ct);
            await scene.Server.ExecuteAsync(StatementOf(await FindAsync(scene.Service, "is there and disabled")), ct: Scene.Ct);
            await AssertAgreesAsync(scene.Service);

            var made = (await scene.RotateAsync()).NewUsername;
            await scene.Server.ExecuteAsync(
                $"DROP USER {MySqlServer.Identifier(made)}@'%'; CREATE USER {login} IDENTIFIED BY '{ByHand}'; GRANT SELECT ON {MySqlServer.Identifier(scene.Database)}.* TO {login}", ct: Scene.Ct);
            Assert.Contains("Undo-NebulaRotation -Name 'app'", await FindAsync(scene.Service, "which it took the place of, logs in"), StringComparison.Ordinal);
            await scene.Service.UndoAsync(MySqlScene.Request(), new Observer(), MySqlScene.Ct);
            Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
            await AssertAgreesAsync(scene.Service);
        }
    }

    public sealed class OnRedis(SharedRedis redis)
    {
        [Fact]
        public async Task What_was_done_by_hand_is_found_and_mended_by_the_command_that_is_named()
        {
            await using var scene = await RedisScene.CreateAsync(Deployment.Of(await redis.ServerAsync()));
            await scene.Server.ExecuteAsync("ACL", "SETUSER", scene.OldLogin, "resetpass", ">" + ByHand);
            Assert.Contains("Set-NebulaDbCredential -Name 'app' -Credential", await FindAsync(scene.Service, "does not take the password"), StringComparison.Ordinal);
            await SetAsync(scene.Service, scene.OldLogin);
            await AssertAgreesAsync(scene.Service);

            await scene.Server.ExecuteAsync("ACL", "SETUSER", scene.OldLogin, "off");
            foreach (var statement in StatementOf(await FindAsync(scene.Service, "is there and disabled")).Split("; "))
                await scene.Server.ExecuteAsync([.. RedisDialect.Split(statement)]);
            await AssertAgreesAsync(scene.Service);

            var made = (await scene.RotateAsync()).NewUsername;
            await scene.Server.ExecuteAsync("ACL", "DELUSER", made);
            await scene.Server.ExecuteAsync(["ACL", "SETUSER", scene.OldLogin, "reset", "on", ">" + ByHand, .. RedisDialect.Split(RedisScene.Rules)]);
            Assert.Contains("Undo-NebulaRotation -Name 'app'", await FindAsync(scene.Service, "which it took the place of, logs in"), StringComparison.Ordinal);
            await scene.Service.UndoAsync(RedisScene.Request(), new Observer(), RedisScene.Ct);
            await scene.AssertOnlyAsync(await scene.LiveAsync(), made);
            Assert.Equal(scene.OldLogin, (await scene.LiveAsync()).Username);
            await AssertAgreesAsync(scene.Service);
        }
    }

    /// <summary>What a test of the credential names as the way out; a rotation says the same and begins nothing.</summary>
    private static async Task<string> FindAsync(RotationService service, string found, bool rotates = true)
    {
        var before = (await service.GetRotationsAsync(new(), Scene.Ct)).Count;
        var result = Assert.Single(await service.TestAsync("app", DatabaseCredential.DefaultScope, null, Scene.Ct));
        Assert.Equal((false, RotationErrorCode.StoreDatabaseMismatch), (result.Succeeded, result.ErrorCode));
        Assert.Contains(found, result.Message, StringComparison.Ordinal);
        if (rotates)
        {
            var exception = await Assert.ThrowsAsync<RotationException>(() => service.RotateAsync(Scene.Request(), new Observer(), Scene.Ct));
            Assert.Equal(RotationErrorCode.StoreDatabaseMismatch, exception.Code);
            Assert.EndsWith(result.RecommendedAction!, exception.RecommendedAction, StringComparison.Ordinal);
        }

        Assert.Equal(before, (await service.GetRotationsAsync(new(), Scene.Ct)).Count);
        return result.RecommendedAction!;
    }

    private static string StatementOf(string action) => action[(action.IndexOf("enable it: ", StringComparison.Ordinal) + 11)..];

    /// <summary>Set-NebulaDbCredential -Credential.</summary>
    private static Task<DatabaseCredential> SetAsync(RotationService service, string username) =>
        service.ChangeAsync("app", DatabaseCredential.DefaultScope, new() { Apply = same => same, Login = new(username, new(ByHand)) }, Scene.Ct);

    private static async Task AssertAgreesAsync(RotationService service)
    {
        var result = Assert.Single(await service.TestAsync("app", DatabaseCredential.DefaultScope, null, Scene.Ct));
        Assert.True(result.Succeeded, result.Message);
    }
}
