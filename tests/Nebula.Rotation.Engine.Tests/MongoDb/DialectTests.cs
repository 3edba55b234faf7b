using System.Text.Json;
using MongoDB.Bson;
using Nebula.Rotation.Engine.Databases.MongoDb;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.MongoDb;

public sealed class DialectTests
{
    [Fact]
    public void A_plan_without_a_slot_is_plain_JSON() =>
        JsonDocument.Parse(MongoDbDialect.Command(RotationStage.Retire, "r", "admin", "dropUser", "a\"b", hasSlot: false, []).MaskedText).Dispose();

    [Fact]
    public void A_field_that_looks_like_extended_JSON_is_found_out()
    {
        Assert.False(MongoDbDialect.Survives(new BsonDocument("$oid", "no number")));
        Assert.False(MongoDbDialect.Survives(new BsonDocument("$numberLong", "1")));
        Assert.True(MongoDbDialect.Survives(new BsonArray { 1, 1L, 1.0, new BsonDocument("a.b", new BsonDateTime(5)), Decimal128.Parse("1.0") }));
    }

    [Theory]
    [InlineData("h", "h:27017")]
    [InlineData("h:1", "h:1")]
    [InlineData("::1", "[::1]:27017")]
    [InlineData("[::1]:5", "[::1]:5")]
    public void Endpoints_are_read_as_they_are_written(string text, string expected) => Assert.Equal(expected, MongoDbEndpoint.Parse(text, 27017).ToString());

    [Theory]
    [InlineData("h:0")]
    [InlineData("h:70000")]
    [InlineData("a,b")]
    [InlineData("user@h")]
    [InlineData("/tmp/mongodb-27017.sock")]
    [InlineData("[::1")]
    public void What_is_no_host_is_refused(string text) =>
        Assert.Equal(RotationErrorCode.InvalidArgument, Assert.Throws<RotationException>(() => MongoDbEndpoint.Parse(text, 27017)).Code);

    [Theory]
    [InlineData("AuthSource", "$external")]
    [InlineData("AuthSource", "a.b")]
    [InlineData("AdminAuthSource", "$external")]
    [InlineData("Srv", "yes")]
    [InlineData("Srv", "true")]
    [InlineData("Allow", "Everything")]
    [InlineData("Color", "red")]
    public void An_option_that_means_nothing_is_refused(string name, string value) =>
        Assert.Equal(
            RotationErrorCode.InvalidArgument,
            Assert.Throws<RotationException>(() => new MongoDbEngine().Validate(Users.Credential("h") with { Option = new Dictionary<string, string> { [name] = value } })).Code);

    [Fact]
    public void Options_are_known_in_any_case()
    {
        new MongoDbEngine().Validate(Users.Credential("a.b.c") with
        {
            Option = new Dictionary<string, string> { ["authsource"] = "shop", ["srv"] = "True", ["allow"] = "cleartext", ["alternateUsername"] = "x", ["replicaset"] = "rs" },
        });
        Assert.Throws<RotationException>(() => new MongoDbEngine().Validate(Users.Credential("a", "a:27018")));
        Assert.Throws<RotationException>(() => new MongoDbEngine().Validate(Users.Credential("a") with { Database = "a b" }));
    }

    [Theory]
    [InlineData("127.0.0.9", true)]
    [InlineData("::1", true)]
    [InlineData("localhost", true)]
    [InlineData("192.0.2.1", false)]
    [InlineData("there.is.no.such.host.invalid", false)]
    public async Task Only_this_machine_needs_no_TLS(string host, bool isLoopback) =>
        Assert.Equal(isLoopback, await MongoDbTransport.IsLoopbackAsync(new(host, 27017), TestContext.Current.CancellationToken));
}
