using System.Text;
using Nebula.Rotation.Engine.Databases.MySql.Definers;
using Nebula.Rotation.Engine.Databases.MySql.Passwords;

namespace Nebula.Rotation.Engine.Tests.MySql;

/// <summary>Hashes against published vectors, and against what servers made.</summary>
public sealed class PasswordHashTests
{
    [Theory]
    [InlineData("Hello world!", "saltstring", 5000, "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5")]
    public void Sha_crypt_gives_the_digests_of_its_specification(string password, string salt, int rounds, string digest) =>
        Assert.Equal(digest, Sha256Crypt.Hash(Encoding.UTF8.GetBytes(password), Encoding.UTF8.GetBytes(salt), rounds));

    [Fact]
    public void Ed25519_gives_the_key_and_the_signature_of_rfc_8032()
    {
        var key = new Ed25519Key(Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
        Assert.Equal("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", Convert.ToHexString(key.PublicKey), ignoreCase: true);
        Assert.Equal(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            Convert.ToHexString(key.Sign([])),
            ignoreCase: true);
    }

    [Theory]
    [InlineData("mysql_native_password", "*B69027D44F6E5EDC07F1AEAD1477967B16F28227")]
    [InlineData("ed25519", "Gv2JI8Env2fd5YGonZ082tX3UAW+yJYldOlj4R1bfK4")]
    public void A_hash_is_the_one_that_a_server_made_of_the_same_password(string plugin, string hash)
    {
        Assert.Equal(hash, MySqlPasswordHash.Create(plugin, new("x")));
        Assert.True(MySqlPasswordHash.Matches(plugin, hash, new("x")));
        Assert.False(MySqlPasswordHash.Matches(plugin, hash, new("y")));
    }

    [Theory]
    [InlineData("caching_sha2_password", 70)]
    [InlineData("sha256_password", 67)]
    public void A_salted_hash_is_new_each_time_and_known_again(string plugin, int length)
    {
        var (first, second) = (MySqlPasswordHash.Create(plugin, new("pässword")), MySqlPasswordHash.Create(plugin, new("pässword")));
        Assert.NotEqual(first, second);
        Assert.Equal(length, first.Length);
        Assert.True(MySqlPasswordHash.Matches(plugin, first, new("pässword")));
        Assert.False(MySqlPasswordHash.Matches(plugin, first, new("password")));
        Assert.False(MySqlPasswordHash.Matches(plugin, MySqlPasswordHash.OfNobody(plugin), new("")));
    }

    [Theory]
    [InlineData("CREATE ALGORITHM=MERGE DEFINER=`a``@b`@`%` SQL SECURITY INVOKER VIEW `d`.`v` AS select 1", "ALGORITHM=MERGE ", "SQL SECURITY INVOKER VIEW `d`.`v` AS select 1")]
    [InlineData("CREATE DEFINER=\"a\"@\"%\" PROCEDURE \"p\"(x int)\nSELECT 'DEFINER=`a`@`%`'", "", "PROCEDURE \"p\"(x int)\nSELECT 'DEFINER=`a`@`%`'")]
    public void A_definer_is_found_where_the_server_puts_it_and_nowhere_else(string text, string head, string tail) =>
        Assert.Equal((head, tail), CreateText.SplitAtDefiner(text));

    [Theory]
    [InlineData("trigger `d`.`t` before insert on `x y` for each row FOLLOWS `u` SET NEW.a = 1", "before insert", " SET NEW.a = 1")]
    [InlineData("TRIGGER t AFTER UPDATE ON x FOR EACH ROW BEGIN END", "AFTER UPDATE", " BEGIN END")]
    public void A_trigger_is_split_into_its_moment_and_its_body(string tail, string moment, string body) =>
        Assert.Equal((moment, body), CreateText.SplitTrigger(tail));
}
