using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>The PgBouncer that tests are run with.</summary>
public sealed class PgBouncerServerTests(SharedPostgres postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact(SkipExceptions = [typeof(ExternalServerNotSupportedException)])]
    public async Task It_asks_the_server_for_logins_and_lets_one_in_as_soon_as_it_is_made()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var bouncer = await ServerRequirement.OrSkip(() => PgBouncerServer.StartAsync(new(database.Server), Ct), Assert.Skip);
        await bouncer.AllowLookupAsync(database.Name, Ct);
        var login = await database.NewLoginAsync("it's \"me\"", "pass \"word\"");

        await using (var connection = await bouncer.OpenAsync(database.Name, login, "pass \"word\"", Ct))
        await using (var command = new NpgsqlCommand("SELECT session_user::text", connection))
            Assert.Equal(login, await command.ExecuteScalarAsync(Ct));

        await Assert.ThrowsAsync<PostgresException>(() => bouncer.OpenAsync(database.Name, login, "wrong", Ct));
        Assert.Contains(await bouncer.AskAsync("SHOW POOLS", Ct), pool => pool.StartsWith($"{database.Name}|{login}|", StringComparison.Ordinal));
        Assert.Equal("postgres", await AccountAsync(bouncer.ProcessId));
    }

    [Fact(SkipExceptions = [typeof(ExternalServerNotSupportedException)])]
    public async Task Its_file_of_users_counts_from_the_reload_on()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var options = new PgBouncerServerOptions(database.Server) { Authentication = PgBouncerAuthentication.UserList };
        await using var bouncer = await ServerRequirement.OrSkip(() => PgBouncerServer.StartAsync(options, Ct), Assert.Skip);
        var login = await database.NewLoginAsync();
        await Assert.ThrowsAsync<PostgresException>(() => bouncer.OpenAsync(database.Name, login, "secret", Ct));

        await bouncer.WriteUserListAsync(new Dictionary<string, string> { [login] = "secret" }, Ct);
        await bouncer.ReloadAsync(Ct);

        await using var connection = await bouncer.OpenAsync(database.Name, login, "secret", Ct);
        await using var command = new NpgsqlCommand("SELECT session_user::text", connection);
        Assert.Equal(login, await command.ExecuteScalarAsync(Ct));
    }

    /// <summary>proc(5): the owner of a process's folder is its effective user.</summary>
    private static async Task<string> AccountAsync(int id)
    {
        var answer = await CommandRunner.RunAsync("stat", ["--format=%U", $"/proc/{id}"], ct: Ct);
        return answer.Output.Trim();
    }
}
