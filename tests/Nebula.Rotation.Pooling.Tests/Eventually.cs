using System.Diagnostics;

namespace Nebula.Rotation.Pooling.Tests;

/// <summary>Waits for a condition. It passes when the condition holds, never because time has gone by.</summary>
internal static class Eventually
{
    /// <summary>Longer than anything here takes on the slowest machine; a test that meets it has found a deadlock.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static Task HoldsAsync(Func<bool> condition, string what) => HoldsAsync(() => Task.FromResult(condition()), what);

    public static async Task HoldsAsync(Func<Task<bool>> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < Limit, $"Not within {Limit.TotalSeconds} s: {what}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
