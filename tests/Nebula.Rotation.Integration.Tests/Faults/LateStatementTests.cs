using System.Data.Common;
using System.Globalization;
using MySqlConnector;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>
/// A statement outlives its client: it waits on the server for somebody's lock while the runner gets its SIGKILL, and could go through after that, before anybody
/// resumes or while somebody does.
/// </summary>
public sealed class LateStatementTests(SharedPostgres postgres, SharedMariaDb mariaDb)
{
    /// <summary>A grant of the runner's waits for one that somebody else has not committed.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PostgreSQL_a_grant_that_goes_through_late_is_rolled_back_with_its_runner(bool whileResuming)
    {
        var server = await postgres.ServerAsync();
        await using var scene = await PostgresFaultScene.CreateAsync(server, hasApplication: false);
        await RunAsync(scene, new PostgresBlocker(server, scene.Credential.Database!, "REVOKE INSERT ON public.shared FROM PUBLIC"), whileResuming, RotationState.RolledBack);
    }

    /// <summary>A change of owner, which commits by itself, waits for a reader of the table.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PostgreSQL_a_table_that_changes_hands_late_is_found_where_it_is(bool whileResuming)
    {
        var server = await postgres.ServerAsync();
        await using var scene = await PostgresFaultScene.CreateAsync(server, hasApplication: false);
        var table = $"{PostgresServer.Identifier((await scene.LiveAsync()).Login.Username)}.mine";
        await RunAsync(scene, new PostgresBlocker(server, scene.Credential.Database!, $"LOCK TABLE {table} IN ACCESS SHARE MODE"), whileResuming, RotationState.Completed);
    }

    /// <summary>A view that is made again, for its new definer, waits for a reader of it. There is no transaction around it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MariaDB_a_view_that_gets_its_new_definer_late_is_found_as_it_is(bool whileResuming)
    {
        var server = await mariaDb.ServerAsync();
        await using var scene = await MySqlFaultScene.CreateAsync(server, hasApplication: false);
        await RunAsync(scene, new MySqlBlocker(server, scene.Credential.Database!, "SELECT n FROM seen"), whileResuming, RotationState.Completed);
    }

    private static async Task RunAsync(FaultScene scene, Blocker blocker, bool whileResuming, RotationState ending)
    {
        // Long enough that no statement gives up by itself before the test has killed its client.
        await scene.Store.UpdateAsync(scene.Credential with { Option = new Dictionary<string, string> { ["LockTimeout"] = "60" + blocker.Unit } }, null, null, Scene.Ct);
        var live = await scene.LiveAsync();
        var before = await scene.SnapshotAsync(live.Login.Username);
        await using (blocker)
        {
            await blocker.BlockAsync();
            var ambush = new Ambush(null);
            var runner = RunnerProcess.RunAsync(RunnerProcess.Rotate, scene.StorePath, ambush);
            await Eventually.HoldsAsync(async () => runner.IsCompleted || (await blocker.WaitingAsync()).Count > 0, "a statement of the runner's waits");
            ambush.Trip();
            await ambush.StrikeAsync();
            Assert.Null(await runner);
            var late = Assert.Single(await blocker.WaitingAsync());

            if (whileResuming)
            {
                var resume = scene.ResumeAsync();
                // The resumer's own statement may be the next that waits.
                await Eventually.HoldsAsync(async () => resume.IsCompleted || !(await blocker.WaitingAsync()).Contains(late), "the resumer has ended the statement");
                await blocker.ReleaseAsync();
                Assert.Equal(ending, await resume);
            }
            else
            {
                await blocker.ReleaseAsync();
                await Eventually.HoldsAsync(async () => !(await blocker.WaitingAsync()).Contains(late), "the statement has gone through");
                Assert.Equal(ending, await scene.ResumeAsync());
            }
        }

        await scene.AssertFinishedAsync(before, live.Version);
    }

    /// <summary>Somebody who holds what a statement needs, and sees who waits for it.</summary>
    private abstract class Blocker : IAsyncDisposable
    {
        public abstract string Unit { get; }

        public abstract Task BlockAsync();

        /// <summary>The sessions that wait, by their numbers.</summary>
        public abstract Task<IReadOnlyList<long>> WaitingAsync();

        public abstract Task ReleaseAsync();

        public abstract ValueTask DisposeAsync();

        protected static async Task<IReadOnlyList<long>> ReadAsync(DbCommand command)
        {
            List<long> found = [];
            await using var rows = await command.ExecuteReaderAsync(Scene.Ct);
            while (await rows.ReadAsync(Scene.Ct))
                found.Add(Convert.ToInt64(rows.GetValue(0), CultureInfo.InvariantCulture));
            return found;
        }
    }

    private sealed class PostgresBlocker(PostgresServer server, string database, string statement) : Blocker
    {
        private NpgsqlConnection _holder = null!, _watcher = null!;

        public override string Unit => "s";

        public override async Task BlockAsync()
        {
            (_holder, _watcher) = (await server.OpenAsync(database, ct: Scene.Ct), await server.OpenAsync(database, ct: Scene.Ct));
            await ExecuteAsync("BEGIN");
            await ExecuteAsync(statement);
        }

        public override async Task<IReadOnlyList<long>> WaitingAsync()
        {
            await using var command = new NpgsqlCommand(
                "SELECT pid::bigint FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock' AND $2 = ANY (pg_blocking_pids(pid))", _watcher)
            {
                Parameters = { new() { Value = database }, new() { Value = _holder.ProcessID } },
            };
            return await ReadAsync(command);
        }

        public override Task ReleaseAsync() => ExecuteAsync("ROLLBACK");

        public override async ValueTask DisposeAsync()
        {
            await _holder.DisposeAsync();
            await _watcher.DisposeAsync();
        }

        private async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, _holder);
            await command.ExecuteNonQueryAsync(Scene.Ct);
        }
    }

    private sealed class MySqlBlocker(MySqlServer server, string database, string read) : Blocker
    {
        private MySqlConnection _holder = null!, _watcher = null!;

        public override string Unit => "";

        public override async Task BlockAsync()
        {
            (_holder, _watcher) = (await server.OpenAsync(database, ct: Scene.Ct), await server.OpenAsync(database, ct: Scene.Ct));
            await ExecuteAsync("START TRANSACTION");
            await ExecuteAsync(read);
        }

        public override async Task<IReadOnlyList<long>> WaitingAsync()
        {
            await using var command = new MySqlCommand("SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'Waiting for table metadata lock' AND INFO LIKE CONCAT('%', @database, '%')", _watcher)
            {
                Parameters = { new("database", database) },
            };
            return await ReadAsync(command);
        }

        public override Task ReleaseAsync() => ExecuteAsync("ROLLBACK");

        public override async ValueTask DisposeAsync()
        {
            await _holder.DisposeAsync();
            await _watcher.DisposeAsync();
        }

        private async Task ExecuteAsync(string sql)
        {
            await using var command = new MySqlCommand(sql, _holder);
            await command.ExecuteNonQueryAsync(Scene.Ct);
        }
    }
}
