namespace Nebula.Rotation.Benchmarks;

/// <summary>One line of the table: a measurement, and what it is measured against in the same run.</summary>
/// <param name="Bench">What is measured.</param>
/// <param name="Value">The measurement, with its unit.</param>
/// <param name="Against">The other measurement, with its unit and its name.</param>
/// <param name="Ratio">The one over the other, or null where nothing is compared.</param>
/// <param name="Target">What is to be reached, in words; empty where a figure is only shown.</param>
/// <param name="IsMet">Whether it is; null where nothing is to be reached.</param>
/// <param name="Note">What a reader has to know, above all why a target is missed.</param>
internal sealed record Figure(string Bench, string Value, string Against, double? Ratio, string Target, bool? IsMet, string Note = "")
{
    /// <summary>True when the bench did not come to its end.</summary>
    public bool IsBroken { get; init; }
}
