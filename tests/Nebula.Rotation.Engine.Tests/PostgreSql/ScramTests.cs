using System.Security.Cryptography;
using System.Text;
using Nebula.Rotation.Engine.Databases.PostgreSql.Scram;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.PostgreSql;

public sealed class ScramTests
{
    /// <summary>RFC 7677, section 3: the exchange of user "user" with password "pencil".</summary>
    [Fact]
    public void The_verifier_is_the_one_of_RFC_7677()
    {
        const string AuthMessage =
            "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        var verifier = ScramVerifier.Create(new("pencil"), 4096, Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ=="));
        Assert.StartsWith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$", verifier, StringComparison.Ordinal);
        var keys = verifier.Split('$')[2].Split(':').Select(Convert.FromBase64String).ToArray();

        Assert.Equal("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", Convert.ToBase64String(HMACSHA256.HashData(keys[1], Encoding.UTF8.GetBytes(AuthMessage))));
        var proof = Convert.FromBase64String("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        var signature = HMACSHA256.HashData(keys[0], Encoding.UTF8.GetBytes(AuthMessage));
        var clientKey = proof.Zip(signature, (a, b) => (byte)(a ^ b)).ToArray();
        Assert.Equal(keys[0], SHA256.HashData(clientKey));
    }

    [Fact]
    public void Two_verifiers_of_one_password_differ_and_none_holds_it()
    {
        var (one, two) = (ScramVerifier.Create(new("pencil"), 4096), ScramVerifier.Create(new("pencil"), 10000));
        Assert.NotEqual(one, two);
        Assert.Contains("$10000:", two, StringComparison.Ordinal);
        Assert.DoesNotContain("pencil", one, StringComparison.Ordinal);
    }

    /// <summary>RFC 4013, section 3, and what src/common/saslprep.c makes of the rest; null is prohibited.</summary>
    [Theory]
    [InlineData("I\u00ADX", "IX")]
    [InlineData("user", "user")]
    [InlineData("USER", "USER")]
    [InlineData("\u00AA", "a")]
    [InlineData("\u2168", "IX")]
    [InlineData("a\u0007", "a\u0007")]
    [InlineData("ä\u0007", null)]
    [InlineData("\u0627\u0031", null)]
    [InlineData("\u0627\u0031\u0628", "\u0627\u0031\u0628")]
    [InlineData("\u0627a\u0628", null)]
    [InlineData("a\u00A0b\u3000c", "a b c")]
    [InlineData("\u00AD", null)]
    [InlineData("x\U0001F600", null)]
    [InlineData("e\u0301", "é")]
    [InlineData("\uE000", null)]
    [InlineData("\uD800x", null)]
    [InlineData("", "")]
    public void Passwords_are_prepared_as_SASLprep_says(string password, string? expected)
    {
        Assert.Equal(expected, SaslPrep.TryPrepare(password));
        Assert.Equal(expected ?? password, SaslPrep.Prepare(password));
    }

    [Fact]
    public void The_md5_form_is_salted_with_the_name() => Assert.Equal("md520c46e3762c864548e296b33c3406aa9", ScramVerifier.CreateMd5(new("user", new("pencil"))));
}
