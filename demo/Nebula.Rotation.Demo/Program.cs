using System.Text.Json.Nodes;
using Nebula.Rotation.Demo.MySql;
using Nebula.Rotation.Demo.PostgreSql;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Demo;

/// <summary>
/// The server and the application of the demo. demo.ps1 starts it with the engine's name, tells it what is about to happen, and does the rest with the cmdlets. Exit code:
/// 0 when no query failed and the server is as it was, 1 when not, 2 when there is no server to be had.
/// </summary>
internal static class Program
{
    // The traffic is on its way when each worker has been round a few times.
    private const int FirstQueries = 300;

    private static async Task<int> Main(string[] arguments)
    {
        try
        {
            await using var shop = await StartShopAsync(arguments);
            await shop.CreateAsync(CancellationToken.None);
            return await ServeAsync(shop);
        }
        catch (ServerUnavailableException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }
    }

    private static Task<IShop> StartShopAsync(string[] arguments) => arguments switch
    {
        ["PostgreSql"] => PostgreSqlShop.StartAsync(),
        ["MySql"] => MySqlShop.StartAsync(MySqlRelease.MySql),
        ["MariaDb"] => MySqlShop.StartAsync(MySqlRelease.MariaDb),
        _ => throw new ArgumentException("One argument: PostgreSql, MySql or MariaDb."),
    };

    private static async Task<int> ServeAsync(IShop shop)
    {
        var surroundings = await shop.RememberAsync(CancellationToken.None);
        await Driver.SendAsync(new JsonObject
        {
            ["event"] = "ready",
            ["server"] = shop.Server,
            ["host"] = shop.Host,
            ["port"] = shop.Port,
            ["database"] = shop.Database,
            ["username"] = shop.Login.Username,
            ["password"] = shop.Login.Password.Reveal(),
            ["adminUsername"] = shop.Admin.Username,
            ["adminPassword"] = shop.Admin.Password.Reveal(),
        });

        Application? application = null;
        try
        {
            while (await Driver.ReceiveAsync() is { } command)
            {
                switch ((string?)command["command"])
                {
                    case "start":
                        application = await StartAsync(shop, command);
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
                        return await ReportAsync(application.Tally, surroundings, await surroundings.CompareAsync(application.Username, CancellationToken.None));
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

    private static async Task<Application> StartAsync(IShop shop, JsonNode command)
    {
        // As an application of one's own would: the store's file, and the key from where the module takes it.
        var store = await SqliteCredentialStore.OpenAsync(
            (string)command["store"]!, StoreKeyProvider.Default, TimeProvider.System, createIfMissing: false, CancellationToken.None);
        var application = await Application.StartAsync(
            shop, store, (string)command["credential"]!, Driver.Seconds(command, "lateness"), CancellationToken.None);
        while (application.Tally.Queries < FirstQueries)
            await Task.Delay(50);
        return application;
    }

    /// <summary>The last words are for people: no JSON.</summary>
    private static async Task<int> ReportAsync(Tally tally, ISurroundings surroundings, IReadOnlyList<string> changes)
    {
        await Console.Out.WriteLineAsync($"server: {(changes.Count == 0 ? surroundings.Unchanged : "not as before")}");
        foreach (var change in changes)
            await Console.Out.WriteLineAsync($"  {change}");
        await Console.Out.WriteLineAsync($"app queries: {tally.Queries}, failed: {tally.Failed}");
        foreach (var failure in tally.FirstFailures)
            await Console.Out.WriteLineAsync($"  {failure}");
        return tally.Failed == 0 && changes.Count == 0 ? 0 : 1;
    }
}
