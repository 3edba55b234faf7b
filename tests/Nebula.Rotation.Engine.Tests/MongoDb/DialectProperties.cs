using CsCheck;
using MongoDB.Bson;
using Nebula.Rotation.Engine.Databases.MongoDb;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.MongoDb;

public sealed class DialectProperties
{
    [Fact]
    public void A_password_is_put_in_as_a_value_whatever_it_and_the_name_look_like() =>
        Gen.Select(Gen.String[Gen.Char["\"pwd: null\\{}$',ü\n"], 0, 30], Gen.String[Gen.Char["\"pwd: null\\{}$',ü\n"], 0, 30], Gen.String[Gen.Char["\"pwd: null\\"], 0, 9])
            .Sample((name, password, data) =>
            {
                var statement = MongoDbDialect.Command(RotationStage.CreateLogin, "r", "admin", "createUser", name, hasSlot: true, new("customData", new BsonDocument { { "pwd", data }, { "x", BsonNull.Value } }));
                var sent = MongoDbDialect.ToDocument(statement, new(name, new(password)));
                Assert.Equal([("createUser", name), ("pwd", password)], sent.Elements.Take(2).Select(field => (field.Name, field.Value.AsString)));
                Assert.Equal(data, sent["customData"]["pwd"]);
                Assert.Equal(BsonNull.Value, sent["customData"]["x"]);
                Assert.Equal(["createUser", "pwd", "customData", "writeConcern"], sent.Names);
            });
}
