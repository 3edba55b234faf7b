using System.Text.Json.Nodes;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Demo;

/// <summary>
/// The server and the application of the demo. demo.ps1 starts it, tells it what is about to happen, and does the rest with the cmdlets. Exit code:
/// 0 when no query failed and the server is as it was, 1 when not, 2 when there is no server to be had.
/// </summary>
internal static class Program
{
    // The traffic is on its way when each worker has been round a few times.
    private const int FirstQueries = 300;

    private static async Task<int> Main()
    {
        try
        {
            // The server's log would hold the password that the database is set up with.
            await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { LogStatements = false });
            await new ShopDatabase(server).CreateAsync(CancellationToken.None);
            return await ServeAsync(server);
        }
        catch (ServerUnavailableException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }
    }

    private static async Task<int> ServeAsync(PostgresServer server)
    {
        var surroundings = await Surroundings.RememberAsync(server, ShopDatabase.Login, CancellationToken.None);
        await Driver.SendAsync(new JsonObject
        {
            ["event"] = "ready",
            ["server"] = $"PostgreSQL {server.Version}",
            ["host"] = server.Host,
            ["port"] = server.Port,
            ["database"] = ShopDatabase.Name,
            ["username"] = ShopDatabase.Login,
            ["password"] = ShopDatabase.Password,
            ["adminUsername"] = server.SuperUser,
            ["adminPassword"] = server.SuperPassword,
        });

        Application? application = null;
        try
        {
            while (await Driver.ReceiveAsync() is { } command)
            {
                switch ((string?)command["command"])
                {
                    case "start":
                        application = await StartAsync(command);
                        break;
                    case "rotating" when application is not null:
                        await application.BeginTurnAsync(Driver.Seconds(command, "longTransaction"));
                        break;
                    case "rotated" when application is not null:
                        await application.EndTurnAsync();
                        break;
                    case "stop" when application is not null:
                        await application.StopAsync();
                        break;
                    case "report" when application is not null:
                        return await ReportAsync(application.Tally, await surroundings.CompareAsync(application.Username, CancellationToken.None));
                    default:
                        throw new InvalidOperationException($"The command '{command["command"]}' is not one for now.");
                }

                await Driver.SendAsync(new JsonObject { ["event"] = "done", ["queries"] = application.Tally.Queries, ["failed"] = application.Tally.Failed });
            }

            await Console.Error.WriteLineAsync("The driver went away.");
            return 1;
        }
        finally
        {
            if (application is not null)
                await application.DisposeAsync();
        }
    }

    private static async Task<Application> StartAsync(JsonNode command)
    {
        // As an application of one's own would: the store's file, and the key from where the module takes it.
        var store = await SqliteCredentialStore.OpenAsync(
            (string)command["store"]!, StoreKeyProvider.Default, TimeProvider.System, createIfMissing: false, CancellationToken.None);
        var application = await Application.StartAsync(
            store, (string)command["credential"]!, Driver.Seconds(command, "lateness"), CancellationToken.None);
        while (application.Tally.Queries < FirstQueries)
            await Task.Delay(50);
        return application;
    }

    /// <summary>The last words are for people: no JSON.</summary>
    private static async Task<int> ReportAsync(Tally tally, IReadOnlyList<string> changes)
    {
        await Console.Out.WriteLineAsync(changes.Count == 0 ? "server: no orphan role; every definition and right as before" : "server: not as before");
        foreach (var change in changes)
            await Console.Out.WriteLineAsync($"  {change}");
        await Console.Out.WriteLineAsync($"app queries: {tally.Queries}, failed: {tally.Failed}");
        foreach (var failure in tally.FirstFailures)
            await Console.Out.WriteLineAsync($"  {failure}");
        return tally.Failed == 0 && changes.Count == 0 ? 0 : 1;
    }
}
