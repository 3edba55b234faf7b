using CsCheck;
using Nebula.Rotation.Engine.Databases.Redis;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.Redis;

public sealed class DialectProperties
{
    [Fact]
    public void Words_come_back_as_they_were() =>
        Gen.String[Gen.OneOf(Gen.Char['a', 'c'], Gen.Char["\"'\\; \t\n$()#~%&|@:éÜ\u0000\u007f"]), 0, 8].Array[1, 6].Sample(words =>
            Assert.Equal(words, RedisDialect.Split(RedisDialect.Command(words))));
}
