namespace Nebula.Rotation.Module.Tests.Docs;

/// <summary>A fenced block of a page.</summary>
/// <param name="Page">The page, from the repository's root.</param>
/// <param name="Line">Where its text begins.</param>
/// <param name="Language">The word after the fence.</param>
/// <param name="Title">The file that it is, or null.</param>
/// <param name="Text">What stands between the fences.</param>
internal sealed record CodeBlock(string Page, int Line, string Language, string? Title, string Text);
