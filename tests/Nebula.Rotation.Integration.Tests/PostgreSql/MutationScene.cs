using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>The login with everything in two databases.</summary>
internal sealed class MutationScene : IAsyncDisposable
{
    private readonly TestDatabase _elsewhere;

    private MutationScene(Room room, TestDatabase elsewhere, LoginSnapshot source)
    {
        Room = room;
        _elsewhere = elsewhere;
        Source = source;
    }

    public Room Room { get; }

    public LoginSnapshot Source { get; }

    public static async Task<MutationScene> CreateAsync(SharedPostgres postgres)
    {
        var room = await Room.OpenAsync(postgres);
        var elsewhere = await postgres.NewDatabaseAsync("elsewhere");
        var old = room.NewName("old");
        await RichRights.GiveAsync(room, old, RichRights.NewNames(room), elsewhere);
        // A path that is not the default, so that its rule has something to do.
        await room.ExecuteAsync("ALTER ROLE {0} IN DATABASE {1} SET search_path = own, public", old, room.Database);
        return new(room, elsewhere, await room.ReadAsync(old));
    }

    /// <summary>Takes away what a clone left that got stuck in the second database: the first one is committed by then.</summary>
    public async Task RemoveAsync(string login)
    {
        var left = await Room.ReadAsync(login);
        if (left.Exists)
            await Room.ApplyAsync(Room.Planner.PlanDrop(left, await Room.ReadAsync(Source.Username)));
    }

    public async ValueTask DisposeAsync()
    {
        await _elsewhere.DisposeAsync();
        await Room.DisposeAsync();
    }
}
