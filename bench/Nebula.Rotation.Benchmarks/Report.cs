using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Nebula.Rotation.Benchmarks;

/// <summary>The table.</summary>
internal static class Report
{
    private static readonly string[] Header = ["Bench", "Measured", "Against", "Ratio", "To reach", "Reached", "Note"];

    /// <summary>Which servers took part, with their versions.</summary>
    public static SortedSet<string> Servers { get; } = new(StringComparer.Ordinal);

    public static string Line(Figure figure) => string.Join("  ", Cells(figure).Where(cell => cell.Length > 0));

    public static string Close(IReadOnlyList<Figure> figures) => string.Create(
        CultureInfo.InvariantCulture,
        $"{figures.Count(figure => figure.IsMet == true)} reached, {figures.Count(figure => figure.IsMet == false)} missed, {figures.Count(figure => figure.IsMet is null)} shown");

    /// <summary>Into bench/results.md, with the machine named.</summary>
    public static async Task WriteAsync(IReadOnlyList<Figure> figures)
    {
        var text = new StringBuilder();
        text.Append("# Benchmarks\n\nMade by `./build.sh bench`. Ratios within one run; what is compared runs in turn, and medians are given.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Machine: {Machine()}.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Servers: {string.Join(", ", Servers)}.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", Header)} |\n|{string.Concat(Header.Select(_ => " --- |"))}\n");
        foreach (var figure in figures)
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", Cells(figure).Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |\n");
        text.Append(CultureInfo.InvariantCulture, $"\n{Close(figures)}.\n");
        await File.WriteAllTextAsync(Path.Combine(Repository.Root, "bench", "results.md"), text.ToString());
    }

    private static string[] Cells(Figure figure) =>
    [
        figure.Bench,
        figure.Value,
        figure.Against,
        figure.Ratio is { } ratio ? ratio.ToString(ratio < 10 ? "0.00" : "0", CultureInfo.InvariantCulture) : "",
        figure.Target,
        figure.IsMet switch { true => "yes", false => "**no**", null => "" },
        figure.Note,
    ];

    private static string Distribution() => File.Exists("/etc/os-release")
        ? File.ReadLines("/etc/os-release").First(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal)).Split('=')[1].Trim('"')
        : RuntimeInformation.OSDescription;

    // Others' work on the machine is in every figure; where there was much, a reader has to know.
    private static string Load() => File.Exists("/proc/loadavg") ? $"; {File.ReadAllText("/proc/loadavg").Split(' ')[2]} processes wanted a core in the last 15 minutes" : "";

    private static string Machine()
    {
        var processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim()
            : null;
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1L << 30);
        return $"{processor ?? RuntimeInformation.ProcessArchitecture.ToString()}, {Environment.ProcessorCount} cores, {memory} GiB, {Distribution()}, {RuntimeInformation.FrameworkDescription}{Load()}";
    }
}
