using MongoDB.Driver;
using Nebula.Rotation.Engine.Databases.MongoDb;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.MongoDb;

public sealed class ConnectionStringTests
{
    private const string Nasty = "a b%@:/?#'\"\\`$;=&+é[]";

    [Fact]
    public void A_uri_escapes_every_part_and_the_driver_reads_it_back()
    {
        var credential = Users.Credential("db1", "::1", "db3:27019") with
        {
            SslMode = SslMode.VerifyFull,
            CACertificate = "/a b.pem",
            MaxConnections = 9,
            Option = new Dictionary<string, string> { ["authSource"] = "own", ["ReplicaSet"] = "rs&1" },
        };
        var text = Format(credential, ConnectionStringFormat.Uri);
        Assert.StartsWith("mongodb://us%40er:a%20b%25%40%3A%2F%3F%23%27%22%5C%60%24%3B%3D%26%2B%C3%A9%5B%5D@db1:27018,[::1]:27018,db3:27019/shop?authSource=own&replicaSet=rs%261&tls=true&tlsCAFile=%2Fa%20b.pem&maxPoolSize=9", text, StringComparison.Ordinal);

        var read = new MongoUrl(text);
        Assert.Equal(("us@er", Nasty, "shop", "own", "rs&1", true, 9), (read.Username, read.Password, read.DatabaseName, read.AuthenticationSource, read.ReplicaSetName, read.UseTls, read.MaxConnectionPoolSize));
        Assert.Equal(3, read.Servers.Count());
        Assert.False(read.AllowInsecureTls);
    }

    [Theory]
    [InlineData(SslMode.Prefer, false, false)]
    [InlineData(SslMode.Disable, false, false)]
    [InlineData(SslMode.Require, true, true)]
    [InlineData(SslMode.VerifyCA, true, false)]
    [InlineData(SslMode.VerifyFull, true, false)]
    public void Each_TLS_mode_says_what_it_means(SslMode mode, bool usesTls, bool isInsecure)
    {
        var read = new MongoUrl(Format(Users.Credential("a") with { SslMode = mode }, ConnectionStringFormat.Uri));
        Assert.Equal((usesTls, isInsecure), (read.UseTls, read.AllowInsecureTls));
    }

    [Fact]
    public void The_dotnet_driver_takes_the_uri() =>
        Assert.Equal(Format(Users.Credential("a"), ConnectionStringFormat.Uri), Format(Users.Credential("a"), ConnectionStringFormat.AdoNet));

    [Fact]
    public void An_SRV_name_has_a_scheme_of_its_own_and_no_port()
    {
        var credential = Users.Credential("cluster0.example.net") with { Option = new Dictionary<string, string> { ["Srv"] = "true" }, SslMode = SslMode.VerifyFull };
        Assert.Equal("mongodb+srv://us%40er:p@cluster0.example.net/shop?authSource=admin&tls=true", MongoDbConnectionStrings.Format(credential, new("us@er", new("p")), ConnectionStringFormat.Uri).Reveal());
    }

    [Fact]
    public void An_env_file_is_read_back_by_a_shell()
    {
        var lines = Format(Users.Credential("a"), ConnectionStringFormat.DotEnv).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("MONGODB_USERNAME='us@er'", lines);
        Assert.Contains("MONGODB_PASSWORD=\"a b%@:/?#'\\\"\\\\\\`\\$;=&+é[]\"", lines);
        Assert.Contains(lines, line => line.StartsWith("MONGODB_URI='mongodb://", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ConnectionStringFormat.Libpq)]
    [InlineData(ConnectionStringFormat.Jdbc)]
    public void Forms_of_other_databases_are_refused(ConnectionStringFormat format) =>
        Assert.Equal(RotationErrorCode.InvalidArgument, Assert.Throws<RotationException>(() => Format(Users.Credential("a"), format)).Code);

    private static string Format(DatabaseCredential credential, ConnectionStringFormat format) =>
        MongoDbConnectionStrings.Format(credential, new("us@er", new(Nasty)), format).Reveal();
}
