using Nebula.Rotation.Engine.Passwords;

namespace Nebula.Rotation.Engine.Tests.Passwords;

public sealed class PasswordGeneratorTests
{
    [Fact]
    public void Every_password_has_every_class_and_survives_a_URI_unescaped()
    {
        for (var round = 0; round < 2000; round++)
        {
            var text = PasswordGenerator.Generate(PasswordPolicy.Default).Reveal();
            Assert.Equal(40, text.Length);
            Assert.Contains(text, char.IsAsciiLetterLower);
            Assert.Contains(text, char.IsAsciiLetterUpper);
            Assert.Contains(text, char.IsAsciiDigit);
            Assert.Contains(text, PasswordPolicy.SafeSymbols.Contains);
            Assert.Equal(text, Uri.EscapeDataString(text));
            Assert.True(char.IsAsciiLetter(text[0]));
        }
    }

    [Fact]
    public void Characters_are_equally_likely()
    {
        const int Rounds = 20_000;
        var policy = new PasswordPolicy { Length = 32, Symbols = "" };
        var counts = new Dictionary<char, int>();
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var character in PasswordGenerator.Generate(policy).Reveal()[1..])
                counts[character] = counts.GetValueOrDefault(character) + 1;
        }

        // 62 characters, 31 places: 10,000 of each expected, standard deviation 99. A modulo bias of a byte would shift some by 20 %.
        Assert.Equal(62, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 9_300, 10_700));
    }

    [Theory]
    [InlineData(8, "-_")]
    [InlineData(500, "-_")]
    [InlineData(32, "a")]
    [InlineData(32, " ")]
    [InlineData(32, "é")]
    public void A_policy_that_cannot_be_kept_is_refused(int length, string symbols)
    {
        var exception = Assert.Throws<RotationException>(() => PasswordGenerator.Validate(new() { Length = length, Symbols = symbols }));
        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
    }
}
