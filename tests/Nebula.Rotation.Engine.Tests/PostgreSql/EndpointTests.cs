using Nebula.Rotation.Engine.Databases.PostgreSql;
using Npgsql;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.PostgreSql;

public sealed class EndpointTests
{
    [Theory]
    [InlineData("db1", "db1", 5432)]
    [InlineData("db1:5433", "db1", 5433)]
    [InlineData("10.0.0.1:6000", "10.0.0.1", 6000)]
    [InlineData("::1", "::1", 5432)]
    [InlineData("[::1]", "::1", 5432)]
    [InlineData("[fe80::1%eth0]:5433", "fe80::1%eth0", 5433)]
    [InlineData("/var/run/postgresql", "/var/run/postgresql", 5432)]
    [InlineData("/tmp/a:5433", "/tmp/a:5433", 5432)]
    public void An_address_is_read_with_its_own_port_or_the_credentials(string text, string host, int port) =>
        Assert.Equal(new PostgreSqlEndpoint(host, port), PostgreSqlEndpoint.Parse(text, 5432));

    [Theory]
    [InlineData("db1:")]
    [InlineData(":5432")]
    [InlineData("db1:0")]
    [InlineData("db1:65536")]
    [InlineData("db1:+5")]
    [InlineData("db1:http")]
    [InlineData("db1:1:2")]
    [InlineData("[db1]:5432")]
    [InlineData("[::1")]
    [InlineData("[::1]5432")]
    [InlineData("db1 ")]
    [InlineData("[[::1]]")]
    public void What_is_no_address_is_refused_by_name(string text)
    {
        var error = Assert.Throws<RotationException>(() => new PostgreSqlEngine().Validate(Credential(text)));
        Assert.Equal(RotationErrorCode.InvalidArgument, error.Code);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_endpoint_twice_is_refused()
    {
        Assert.Throws<RotationException>(() => new PostgreSqlEngine().Validate(Credential("a", "a:5432")));
        new PostgreSqlEngine().Validate(Credential("a", "a:5433", "[::1]:5432"));
    }

    [Fact]
    public void Ports_of_their_own_are_in_every_form()
    {
        var credential = Credential("a:5433", "b", "[::1]:6000");
        Assert.Contains("@a:5433,b:5432,[::1]:6000/db?", Format(credential, ConnectionStringFormat.Uri), StringComparison.Ordinal);
        Assert.StartsWith("host='a,b,::1' port='5433,5432,6000' ", Format(credential, ConnectionStringFormat.Libpq), StringComparison.Ordinal);
        Assert.Contains("PGPORT='5433,5432,6000'", Format(credential, ConnectionStringFormat.DotEnv).Split('\n'));
        Assert.StartsWith("jdbc:postgresql://a:5433,b:5432,[::1]:6000/db?", Format(credential, ConnectionStringFormat.Jdbc), StringComparison.Ordinal);
        Assert.Equal("a:5433,b:5432,[::1]:6000", new NpgsqlConnectionStringBuilder(Format(credential, ConnectionStringFormat.AdoNet)).Host);
        var one = new NpgsqlConnectionStringBuilder(Format(Credential("a:5433"), ConnectionStringFormat.AdoNet));
        Assert.Equal(("a", 5433), (one.Host, one.Port));
    }

    [Fact]
    public void Messages_show_each_endpoint_with_its_port() =>
        Assert.Equal("a:5433,b:5432,[::1]:5432,[::1]:6000,/run:5432", Credential("a:5433", "b", "::1", "[::1]:6000", "/run").Endpoints);

    private static string Format(DatabaseCredential credential, ConnectionStringFormat format) =>
        new PostgreSqlEngine().FormatConnectionString(credential, new("app", new("secret")), format).Reveal();

    private static DatabaseCredential Credential(params string[] hosts) =>
        new() { Name = "app", DatabaseType = DatabaseType.PostgreSql, HostName = hosts, Port = 5432, Database = "db", Username = "app" };
}
