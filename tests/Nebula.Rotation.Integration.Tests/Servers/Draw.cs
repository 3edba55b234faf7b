using CsCheck;
using Nebula.Rotation.Integration.Tests.Faults;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>
/// Cases of a generator. On a push they are the same in each run: what turns it red is then what was changed, and not the draw. At night each run has others, and the
/// smallest that fails is looked for.
/// </summary>
internal static class Draw
{
    /// <param name="cases">What is drawn from.</param>
    /// <param name="count">How many.</param>
    /// <param name="check">What must hold for each.</param>
    /// <param name="stream">Another number for other cases.</param>
    public static async Task EachAsync<T>(Gen<T> cases, int count, Func<T, Task> check, uint stream = 1)
    {
        if (KillCampaign.IsNightly)
        {
            await cases.SampleAsync(check, iter: count, threads: 1);
            return;
        }

        for (var number = 0; number < count; number++)
        {
            var drawn = cases.Generate(new PCG(stream, (ulong)number), null, out _);
            try
            {
                await check(drawn);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                throw new InvalidOperationException($"Case {number} of {stream}: {exception.Message}\n{Check.Print(drawn)}", exception);
            }
        }
    }
}
