namespace Nebula.Rotation.Help;

/// <summary>A paragraph, list item, heading or block of code.</summary>
internal sealed record TextBlock(string Text, int Indent)
{
    /// <summary>Of a heading; 0 otherwise.</summary>
    public int Level { get; init; }

    /// <summary>True where lines must stay as they are.</summary>
    public bool IsCode { get; init; }

    /// <summary>By how much lines after the first are indented.</summary>
    public int Hanging { get; init; }
}
