using System.Diagnostics;

namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>Waits for what another thread or process brings about.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public static async Task ForAsync(Func<Task<bool>> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > Scene.Patience)
                Assert.Fail($"Not within {Scene.Patience.TotalSeconds} s: {what}");
            await Task.Delay(Poll, TestContext.Current.CancellationToken);
        }
    }
}
