using Nebula.Rotation.Engine.Databases.Redis;
using StackExchange.Redis;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.Redis;

public sealed class ConnectionStringTests
{
    private static readonly RedisEngine Engine = new();

    private static readonly DatabaseCredential Credential = new()
    {
        Name = "app",
        DatabaseType = DatabaseType.Redis,
        HostName = ["db1", "[::1]:6380"],
        Port = 6379,
        Database = "2",
        Username = "app",
        SslMode = SslMode.VerifyFull,
    };

    [Fact]
    public void A_uri_is_percent_encoded_and_says_whether_there_is_TLS()
    {
        var login = new Login("app@x", new("p:w/d#?%\"'"));

        Assert.Equal("rediss://app%40x:p%3Aw%2Fd%23%3F%25%22%27@db1:6379/2", Engine.FormatConnectionString(Credential, login, ConnectionStringFormat.Uri).Reveal());
        Assert.StartsWith("redis://", Engine.FormatConnectionString(Credential with { SslMode = SslMode.Disable }, login, ConnectionStringFormat.Uri).Reveal(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_drivers_form_is_read_back_by_the_driver()
    {
        var text = Engine.FormatConnectionString(Credential, new("app", new("p=w d;#x")), ConnectionStringFormat.AdoNet).Reveal();
        var options = ConfigurationOptions.Parse(text);

        Assert.Equal(("app", "p=w d;#x", true, 2, 2), (options.User, options.Password, options.Ssl, options.DefaultDatabase, options.EndPoints.Count));
        Assert.Contains("[::1]:6380", string.Join(' ', options.EndPoints), StringComparison.Ordinal);
        Assert.Throws<RotationException>(() => Engine.FormatConnectionString(Credential, new("app", new("a,b")), ConnectionStringFormat.AdoNet));
    }

    [Fact]
    public void Lines_of_a_env_file_survive_a_shell()
    {
        var text = Engine.FormatConnectionString(Credential, new("app", new("it's $x`")), ConnectionStringFormat.DotEnv).Reveal();

        Assert.Contains("REDIS_PASSWORD=\"it's \\$x\\`\"\n", text, StringComparison.Ordinal);
        Assert.Contains("REDIS_PORT='6379'\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ConnectionStringFormat.Libpq)]
    [InlineData(ConnectionStringFormat.Jdbc)]
    public void Other_forms_are_refused(ConnectionStringFormat format) =>
        Assert.Equal(RotationErrorCode.InvalidArgument, Assert.Throws<RotationException>(() => Engine.FormatConnectionString(Credential, new("app", new("x")), format)).Code);

    [Theory]
    [InlineData("db 1", "0", null)]
    [InlineData("db1/x", "0", null)]
    [InlineData("db1:0", "0", null)]
    [InlineData("", "0", null)]
    [InlineData("db1", "shop", null)]
    [InlineData("db1", "-1", null)]
    [InlineData("db1", "0", "Nonsense")]
    [InlineData("db1", "0", "ClientCertificate")]
    public void A_target_that_cannot_be_is_refused(string host, string database, string? option)
    {
        var credential = Credential with { HostName = [host], Database = database, Option = option is null ? Credential.Option : new Dictionary<string, string> { [option] = "/nowhere" } };

        Assert.Equal(RotationErrorCode.InvalidArgument, Assert.Throws<RotationException>(() => Engine.Validate(credential)).Code);
        Engine.Validate(Credential);
    }
}
