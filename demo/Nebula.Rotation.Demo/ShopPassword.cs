namespace Nebula.Rotation.Demo;

/// <summary>The first password.</summary>
internal static class ShopPassword
{
    /// <summary>All that makes quoting hard: both quotes, blanks, a backslash, what URIs and connection strings give a meaning to, a letter beyond ASCII.</summary>
    public const string Text = """it's "hard" \ to;quote= %@:/?#&é""";
}
