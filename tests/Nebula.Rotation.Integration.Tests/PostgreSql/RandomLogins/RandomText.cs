using System.Text;
using CsCheck;

namespace Nebula.Rotation.Integration.Tests.PostgreSql.RandomLogins;

/// <summary>Texts and names that break what joins strings.</summary>
internal static class RandomText
{
    /// <summary>So many bytes are left for a name when what makes it unique is added (NAMEDATALEN).</summary>
    private const int NameBytes = 54;

    private static readonly string[] Pieces =
        ["a", "Z", "9", "_", " ", "'", "''", "\"", "\\", "\\\\", "$1", "$$", "$x$", "@p", ":v", ";", "--", "/*", "*/", "%s", "%I", "é", "ß", "Ü", "☃", "𝄞", "ש", "select", "PUBLIC", "${login}", "<login>", "\t", "\n", ",", ".", "=", "(", ")", "E'"];

    /// <summary>No braces: they are where <see cref="Room"/> puts names.</summary>
    public static Gen<string> Any { get; } = Gen.OneOf(Pieces).Array[0, 10].Select(string.Concat);

    /// <summary>
    /// Names of roles. A line break is left out, since the dump programs write such a name over two lines, and so is $user, which a search_path takes for another.
    /// </summary>
    public static Gen<string> Name { get; } = Gen.Frequency(
        (5, Gen.OneOf(Pieces.Where(piece => piece is not ("\n" or "\t")).ToArray()).Array[1, 10].Select(pieces => Cut(string.Concat(pieces)))),
        (1, Gen.Const(new string('n', NameBytes))),
        (1, Gen.Const("app")));

    private static string Cut(string name)
    {
        var cut = new StringBuilder();
        var bytes = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            if ((bytes += rune.Utf8SequenceLength) > NameBytes)
                break;
            cut.Append(rune.ToString());
        }

        return cut.ToString();
    }
}
