using Nebula.Rotation.Engine.Publishing;
using Nebula.Rotation.Engine.Publishing.Formats;

namespace Nebula.Rotation.Engine.Tests.Publishing;

/// <summary>Logins as formats are given them.</summary>
internal static class Formats
{
    public static readonly DatabaseCredential Credential = new()
    {
        Name = "app", DatabaseType = DatabaseType.PostgreSql, HostName = ["db1", "db2:5433", "[::1]:7"], Port = 5432, Database = "shop", Username = "app",
    };

    public static FileLogin Login(string user, string password, params (string Name, PublishFormat Format)[] entries) => new()
    {
        Target = new() { Kind = PublishTargetKind.EnvFile, Path = "/x" },
        Credential = Credential,
        Login = new(user, new(password)),
        PreviousUsername = "old",
        Verifier = password,
        Entries = [.. entries.Select(entry => new TargetEntry(entry.Name, entry.Format, entry.Format == PublishFormat.Username ? user : entry.Format == PublishFormat.Port ? "5432" : password))],
    };

    public static FileLogin With(this FileLogin login, params (string Name, string Value)[] options) => new()
    {
        Target = login.Target with { Options = options.ToDictionary(option => option.Name, option => option.Value) },
        Credential = login.Credential,
        Login = login.Login,
        PreviousUsername = login.PreviousUsername,
        Verifier = login.Verifier,
        Entries = login.Entries,
    };
}
