using System.Diagnostics;

namespace Nebula.Rotation.Benchmarks;

/// <summary>A subject of the table, and the tools that all of them share.</summary>
internal abstract class Bench
{
    /// <summary>What it is called on the command line.</summary>
    public abstract string Name { get; }

    public abstract Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Runs two ways of doing the same in turn, so that what else the machine does meets both, and gives the median of each. The first round warms up.
    /// </summary>
    protected static async Task<(TimeSpan One, TimeSpan Other)> PairAsync(int rounds, Func<Task> one, Func<Task> other)
    {
        var (ones, others) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var round = 0; round <= rounds; round++)
        {
            var (first, second) = (await TimeAsync(one), await TimeAsync(other));
            if (round == 0)
                continue;
            ones.Add(first);
            others.Add(second);
        }

        return (Median(ones), Median(others));
    }

    /// <summary>The same, of work on something that is made ready before each round; that is not in the figures.</summary>
    protected static async Task<(TimeSpan One, TimeSpan Other)> PairAsync<T>(int rounds, (Func<Task<T>> ReadyAsync, Func<T, Task> DoAsync) one, (Func<Task<T>> ReadyAsync, Func<T, Task> DoAsync) other)
    {
        var (ones, others) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var round = 0; round <= rounds; round++)
        {
            var (ready, otherReady) = (await one.ReadyAsync(), await other.ReadyAsync());
            var (first, second) = (await TimeAsync(() => one.DoAsync(ready)), await TimeAsync(() => other.DoAsync(otherReady)));
            if (round == 0)
                continue;
            ones.Add(first);
            others.Add(second);
        }

        return (Median(ones), Median(others));
    }

    protected static async Task<TimeSpan> TimeAsync(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started);
    }

    protected static async Task<TimeSpan> MedianAsync(int rounds, Func<Task> work)
    {
        var times = new List<TimeSpan>();
        for (var round = 0; round <= rounds; round++)
        {
            var time = await TimeAsync(work);
            if (round > 0)
                times.Add(time);
        }

        return Median(times);
    }

    protected static TimeSpan Median(IEnumerable<TimeSpan> times)
    {
        var sorted = times.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    protected static string Text(TimeSpan time) => time.TotalSeconds >= 1
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.00} s")
        : time.TotalMilliseconds >= 1
            ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.0} ms")
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.TotalMicroseconds:0} µs");

    protected static Figure Ratio(string bench, TimeSpan value, TimeSpan against, string name, double atMost, string note = "") => new(
        bench, Text(value), $"{Text(against)} {name}", value / against, $"≤ {atMost.ToString(System.Globalization.CultureInfo.InvariantCulture)}", value / against <= atMost, note);
}
