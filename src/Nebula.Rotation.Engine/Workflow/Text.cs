namespace Nebula.Rotation.Engine.Workflow;

/// <summary>Words for messages.</summary>
internal static class Text
{
    public static string Count(int number, string noun) => number == 1 ? $"1 {noun}" : $"{number} {noun}s";
}
