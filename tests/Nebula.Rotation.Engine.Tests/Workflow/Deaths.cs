namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>Lets a process die at each call that a piece of work makes to the store and the server.</summary>
internal static class Deaths
{
    public static readonly string[] Facts = ["a1", "a2", "o1", "o2"];

    /// <summary>No quiet time: the number of looks at the sessions must be the same in every run.</summary>
    public static readonly RotationRequest Request = new() { Name = "app", GracePeriod = TimeSpan.Zero };

    /// <summary>Runs a piece of work once for each call it makes to the world, and lets the process die there.</summary>
    public static async Task<List<string>> EverywhereAsync(
        Func<World, Task> prepare, Func<World, Action<string>, Task> work, Func<World, Task> finish, Func<World, Task>? assert = null, Func<World, Task>? invariant = null)
    {
        assert ??= world => world.AssertCleanAsync(Facts);
        List<string> died = [];
        for (var at = 1; ; at++)
        {
            await using var world = await World.CreateAsync(Facts);
            await prepare(world);
            world.Time.Advance(TimeSpan.FromMinutes(5));
            var crash = new CrashPoint(at);
            await DieAsync(world, crash.Touch, work);
            if (crash.DiedAt is not { } where)
                return died;
            died.Add(where);

            await world.AssertInvariantAsync(Facts);
            if (invariant is not null)
                await invariant(world);
            try
            {
                await finish(world);
            }
            catch (RotationException exception) when (exception.Code == RotationErrorCode.RotationNotFound)
            {
                // Died before there was anything to resume.
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"call {at}, {where}: {exception.Message}", exception);
            }

            try
            {
                await assert(world);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"call {at}, {where}: {exception.Message}", exception);
            }
        }
    }

    public static async Task DieAsync(World world, Action<string> touch, Func<World, Action<string>, Task> work)
    {
        try
        {
            await work(world, touch);
        }
        catch (Exception exception) when (exception is DiedException or RotationException)
        {
            // A dead process reports nothing; what it would have said does not matter.
        }

        // Its connections are closed by the system, and its lease ends.
        world.Server.Locks.Clear();
        world.Time.Advance(TimeSpan.FromMinutes(5));
    }
}
