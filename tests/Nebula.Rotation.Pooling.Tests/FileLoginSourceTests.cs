using Nebula.Rotation.Engine.Publishing;
using Nebula.Rotation.Engine.Publishing.Formats;
using Nebula.Rotation.Pooling.Sources;

namespace Nebula.Rotation.Pooling.Tests;

/// <summary>Files as publish targets and people write them.</summary>
public sealed class FileLoginSourceTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("plain")]
    [InlineData("")]
    [InlineData("with blanks # and a hash")]
    [InlineData("it's quoted")]
    [InlineData("it's \"both\" \\ and $HOME and `id`")]
    [InlineData("$HOME")]
    [InlineData("two\nlines")]
    [InlineData("ends with a backslash\\")]
    public async Task What_the_target_for_env_files_writes_is_read_back(string password)
    {
        var text = new EnvFormat().Write("# a comment\nDB_PASSWORD=old\nOTHER='a'\nexport DB_USER=old\n", Describe(password));
        await WriteAsync(text);
        var login = await FileLoginSource.FromEnvFile(_path, "DB_USER", "DB_PASSWORD").ReadAsync(Cancellation);
        Assert.Equal(("app_2", password), (login.Username, login.Login.Password.Reveal()));
    }

    [Theory]
    [InlineData("DB_USER=a\nDB_PASSWORD='never ends\n", "DB_PASSWORD")]
    [InlineData("DB_USER=a\nDB_PASSWORD=$SECRET9271\n", "DB_PASSWORD")]
    [InlineData("DB_USER=a\n", "DB_PASSWORD")]
    public async Task What_only_a_shell_could_tell_is_refused_by_the_name_of_its_variable(string text, string named)
    {
        await WriteAsync(text);
        var error = await Assert.ThrowsAsync<RotationException>(async () => await FileLoginSource.FromEnvFile(_path, "DB_USER", "DB_PASSWORD").ReadAsync(Cancellation));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET9271", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_string_is_found_in_an_env_file_and_its_user_name_in_it()
    {
        await WriteAsync("DATABASE_URL='postgresql://app%402:p%40ss@h1:5432,h2:5432/shop'\n");
        var login = await FileLoginSource.FromEnvFile(_path, "DATABASE_URL").ReadAsync(Cancellation);
        Assert.Equal(("app@2", "p@ss"), (login.Username, login.Login.Password.Reveal()));
        Assert.Equal("postgresql://app%402:p%40ss@h1:5432,h2:5432/shop", login.ConnectionString!.Reveal());
    }

    [Fact]
    public async Task A_connection_string_is_found_in_a_settings_file_with_comments()
    {
        await WriteAsync("""{ /* ours */ "ConnectionStrings": { "Default": "Server=db;User ID=app_2;Password='a;b'", }, }""");
        var login = await FileLoginSource.FromJsonFile(_path, "connectionstrings:default").ReadAsync(Cancellation);
        Assert.Equal(("app_2", "a;b"), (login.Username, login.Login.Password.Reveal()));
    }

    [Theory]
    [InlineData("{ \"Database\": { \"Username\": \"a\" } }")]
    [InlineData("{ \"Database\": { \"Username\": \"a\", \"Password\": 7 } }")]
    [InlineData("{ \"Database\": \"a\" }")]
    [InlineData("[]")]
    [InlineData("{ \"Database\": { \"Password\": \"secret")]
    public async Task A_settings_file_without_the_login_is_refused(string text)
    {
        await WriteAsync(text);
        var source = FileLoginSource.FromJsonFile(_path, "Database:Username", "Database:Password");
        var error = await Assert.ThrowsAsync<RotationException>(async () => await source.ReadAsync(Cancellation));
        Assert.Contains(_path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_said()
    {
        var error = await Assert.ThrowsAsync<RotationException>(async () => await FileLoginSource.FromEnvFile(_path + ".none", "URL").ReadAsync(Cancellation));
        Assert.Equal(RotationErrorCode.CredentialNotFound, error.Code);
    }

    private Task WriteAsync(string text) => File.WriteAllTextAsync(_path, text, Cancellation);

    private static FileLogin Describe(string password)
    {
        var target = new PublishTarget
        {
            Kind = PublishTargetKind.EnvFile,
            Path = "/srv/.env",
            Entries = new Dictionary<string, PublishFormat> { ["DB_USER"] = PublishFormat.Username, ["DB_PASSWORD"] = PublishFormat.Password },
        };
        return new FileLogin
        {
            Target = target,
            Credential = new DatabaseCredential { Name = "app", DatabaseType = DatabaseType.PostgreSql, HostName = ["db"], Port = 5432, Database = "shop", Username = "app_2" },
            Login = new Login("app_2", new Secret(password)),
            Entries = [new TargetEntry("DB_USER", PublishFormat.Username, "app_2"), new TargetEntry("DB_PASSWORD", PublishFormat.Password, password)],
        };
    }
}
