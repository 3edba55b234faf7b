using System.Text;
using MySqlConnector;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Integration.Tests.MySql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Stores;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>After a leak, on real servers: who has the password is out at once, and it is nowhere any more.</summary>
public abstract class EmergencyTests
{
    private static readonly RotationRequest Emergency = new() { Name = "app", Emergency = true, GracePeriod = TimeSpan.FromHours(1), RetainFor = TimeSpan.FromDays(1) };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public sealed class OnPostgres(SharedPostgres postgres) : EmergencyTests
    {
        [Fact]
        public async Task Whoever_has_the_leaked_password_is_out_at_once_and_it_is_nowhere_any_more()
        {
            await using var scene = await Scene.CreateAsync(postgres);
            var first = await scene.RotateAsync();
            Assert.Equal(RotationState.Completed, first.State);
            var leaked = await scene.LiveAsync();
            await using var thief = await scene.ConnectAsync(leaked);
            await using (var works = new NpgsqlCommand("SELECT count(*) FROM public.shared", thief))
                Assert.Equal(1L, await works.ExecuteScalarAsync(Ct));

            Assert.Equal(RotationState.Completed, (await scene.RotateAsync(Emergency)).State);

            await using (var ended = new NpgsqlCommand("SELECT 1", thief))
                await Assert.ThrowsAnyAsync<NpgsqlException>(() => ended.ExecuteScalarAsync(Ct));
            await Assert.ThrowsAsync<PostgresException>(() => scene.ConnectAsync(leaked));
            var live = await scene.LiveAsync();
            Assert.Equal([live.Username], await scene.LoginsAsync());
            await using (var connection = await scene.ConnectAsync(live))
            await using (var works = new NpgsqlCommand($"SELECT count(*) FROM {TestServers.PostgresServer.Identifier(scene.OldLogin)}.seen", connection))
                Assert.Equal(1L, await works.ExecuteScalarAsync(Ct));
            await AssertForgottenAsync(scene.Store, scene.Service, leaked);
        }
    }

    public sealed class OnMariaDb(SharedMariaDb mariaDb) : MySqlEmergencyTests(mariaDb);

    public sealed class OnMySql(SharedMySql9 mysql) : MySqlEmergencyTests(mysql);

    public abstract class MySqlEmergencyTests(SharedMySql mysql) : EmergencyTests
    {
        [Theory]
        [InlineData(RotationStrategy.DualUser)]
        [InlineData(RotationStrategy.DualPassword)]
        public async Task Whoever_has_the_leaked_password_is_out_at_once_and_it_is_nowhere_any_more(RotationStrategy strategy)
        {
            await using var scene = await MySqlScene.CreateAsync(mysql, credential => credential with { Strategy = strategy }, withDefiners: false);
            Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
            var leaked = await scene.LiveAsync();
            await using var thief = await scene.ConnectAsync(leaked);
            Assert.Equal(1L, await ScalarAsync(thief));

            Assert.Equal(RotationState.Completed, (await scene.RotateAsync(Emergency)).State);

            await Assert.ThrowsAnyAsync<MySqlException>(() => ScalarAsync(thief));
            await Assert.ThrowsAsync<MySqlException>(() => scene.ConnectAsync(leaked));
            var live = await scene.LiveAsync();
            Assert.Equal([live.Username], await scene.LoginsAsync());
            await using (var connection = await scene.ConnectAsync(live))
                Assert.Equal(1L, await ScalarAsync(connection));
            await AssertForgottenAsync(scene.Store, scene.Service, leaked);
        }

        private static async Task<object?> ScalarAsync(MySqlConnection connection)
        {
            await using var command = new MySqlCommand("SELECT COUNT(*) FROM shared", connection);
            return await command.ExecuteScalarAsync(Ct);
        }
    }

    /// <summary>Neither in the list of versions nor in any document; and an undo says that it is gone.</summary>
    private static async Task AssertForgottenAsync(ICredentialStore store, RotationService service, Login leaked)
    {
        var credential = Assert.Single(await store.ListAsync(new(), Ct));
        Assert.DoesNotContain(2, await store.ListSecretVersionsAsync(credential.Id, Ct));
        var records = await store.ListRotationsAsync(new(), Ct);
        Assert.Equal(2, records.Count);
        foreach (var record in records)
        {
            var document = Encoding.UTF8.GetString((await store.ReadRotationAsync(record.RotationId, Ct))!.Document.Span);
            Assert.DoesNotContain(leaked.Password.Reveal(), document, StringComparison.Ordinal);
        }

        var exception = await Assert.ThrowsAsync<RotationException>(() => service.UndoAsync(new() { Name = "app" }, new Observer(), Ct));
        Assert.Equal(RotationErrorCode.UndoNotPossible, exception.Code);
        Assert.Contains("erased", exception.Message, StringComparison.Ordinal);
    }
}
