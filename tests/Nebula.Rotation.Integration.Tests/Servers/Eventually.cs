using System.Diagnostics;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>
/// Waits for a condition that another process brings about. It passes when the condition holds, never because time has gone by; how long it waits is for the machine on
/// which it never would, and is no measure of anything.
/// </summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public static Task HoldsAsync(Func<bool> condition, string what) => HoldsAsync(() => Task.FromResult(condition()), what);

    public static async Task HoldsAsync(Func<Task<bool>> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > Limit)
                Assert.Fail($"Not within {Limit.TotalSeconds} s: {what}");
            await Task.Delay(Poll, TestContext.Current.CancellationToken);
        }
    }
}
