using Nebula.Rotation.Engine.Databases.PostgreSql;
using Npgsql;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.PostgreSql;

public sealed class ConnectionStringTests
{
    private const string Nasty = "a b%@:/?#'\"\\`$;=&+é";

    [Fact]
    public void A_uri_escapes_every_part()
    {
        var text = Format(Credential("db.example.org") with { Database = "d/b", SslMode = SslMode.VerifyFull, CACertificate = "/a b.pem" }, ConnectionStringFormat.Uri);
        Assert.Equal("postgresql://us%40er:a%20b%25%40%3A%2F%3F%23%27%22%5C%60%24%3B%3D%26%2B%C3%A9@db.example.org:5433/d%2Fb?sslmode=verify-full&sslrootcert=%2Fa%20b.pem", text);
        Assert.Equal(Nasty, Uri.UnescapeDataString(new Uri(text).UserInfo.Split(':')[1]));
    }

    [Fact]
    public void Several_hosts_addresses_and_sockets_have_their_forms()
    {
        Assert.Contains("@a:5433,[::1]:5433/db?sslmode=prefer&target_session_attrs=read-write", Format(Credential("a", "::1"), ConnectionStringFormat.Uri), StringComparison.Ordinal);
        Assert.Contains("@%2Fvar%2Frun:5433/db", Format(Credential("/var/run"), ConnectionStringFormat.Uri), StringComparison.Ordinal);
        Assert.Contains("jdbc:postgresql://a:5433,[::1]:5433/db?", Format(Credential("a", "::1"), ConnectionStringFormat.Jdbc), StringComparison.Ordinal);
        Assert.Throws<RotationException>(() => Format(Credential("/var/run"), ConnectionStringFormat.Jdbc));
    }

    [Fact]
    public void The_drivers_own_builder_reads_its_form_back()
    {
        var read = new NpgsqlConnectionStringBuilder(Format(Credential("a") with { MaxConnections = 9 }, ConnectionStringFormat.AdoNet));
        Assert.Equal(("a", 5433, "db", "us@er", Nasty, 9), (read.Host, read.Port, read.Database, read.Username, read.Password, read.MaxPoolSize));
    }

    [Fact]
    public void Libpqs_form_escapes_quotes_and_backslashes() =>
        Assert.Equal(
            "host='a' port='5433' dbname='db' user='us@er' password='a b%@:/?#\\'\"\\\\`$;=&+é' sslmode='prefer'",
            Format(Credential("a"), ConnectionStringFormat.Libpq));

    [Fact]
    public void Lines_for_a_shell_mean_nothing_else_to_it()
    {
        var lines = Format(Credential("a"), ConnectionStringFormat.DotEnv).Split('\n');
        Assert.Contains("PGUSER='us@er'", lines);
        Assert.Contains("PGPASSWORD=\"a b%@:/?#'\\\"\\\\\\`\\$;=&+é\"", lines);
        Assert.Contains("PGDATABASE='db'", lines);
        Assert.Contains(lines, line => line.StartsWith("DATABASE_URL='postgresql://", StringComparison.Ordinal) || line.StartsWith("DATABASE_URL=\"postgresql://", StringComparison.Ordinal));
    }

    private static string Format(DatabaseCredential credential, ConnectionStringFormat format) =>
        new PostgreSqlEngine().FormatConnectionString(credential, new("us@er", new(Nasty)), format).Reveal();

    private static DatabaseCredential Credential(params string[] hosts) =>
        new() { Name = "app", DatabaseType = DatabaseType.PostgreSql, HostName = hosts, Port = 5433, Database = "db", Username = "us@er" };
}
