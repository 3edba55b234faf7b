using System.Text.Json;
using Nebula.Rotation.Engine.Publishing.Formats;
using Nebula.Rotation.Engine.Tests.Support;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>Four files that carry the login of a world: a .env, an appsettings.json, a .pgpass, and one that is not there yet.</summary>
internal sealed class TargetFiles
{
    private const string Json = "\uFEFF{\r\n  // the shop's\r\n  \"Db\": { \"User\": \"app\", \"Pw\": \"" + World.AppPassword + "\" },\r\n  \"Other\": [1, 2,],\r\n}\r\n";
    private const string Env = "# shop\nexport DB_USER=app\nDB_PASS='" + World.AppPassword + "' # secret\nOTHER=\"x y\"\n";
    private const string PgPass = "# mine\nelse:1:app:app:x\nmodel:1:app:app:" + World.AppPassword + "\n*:*:*:*:last\n";

    private readonly string _folder;
    private readonly Dictionary<string, byte[]> _before;

    private TargetFiles(string folder)
    {
        _folder = folder;
        foreach (var (name, text) in new[] { ("app.env", Env), ("app.json", Json), ("pgpass", PgPass) })
        {
            File.WriteAllText(Path.Combine(folder, name), text);
            UnixMode.Set(Path.Combine(folder, name), UnixMode.OwnerOnly);
        }

        _before = Contents();
    }

    public static async Task<TargetFiles> GiveAsync(World world)
    {
        var folder = Directory.CreateDirectory(Path.Combine(world.Folder, "targets")).FullName;
        var files = new TargetFiles(folder);
        await world.SetTargetsAsync(files.Targets);
        return files;
    }

    /// <summary>The files of a world that has them already.</summary>
    public static TargetFiles Of(World world) => new(Path.Combine(world.Folder, "targets"), Path.Combine(world.Folder, "before"));

    private TargetFiles(string folder, string before)
    {
        _folder = folder;
        _before = Contents(before);
    }

    public PublishTarget[] Targets =>
    [
        Target(1, PublishTargetKind.EnvFile, "app.env", ("DB_USER", PublishFormat.Username), ("DB_PASS", PublishFormat.Password)),
        Target(2, PublishTargetKind.JsonFile, "app.json", ("Db:User", PublishFormat.Username), ("Db:Pw", PublishFormat.Password)),
        Target(3, PublishTargetKind.PgPass, "pgpass"),
        Target(4, PublishTargetKind.EnvFile, "new.env", ("U", PublishFormat.Username), ("P", PublishFormat.Password)),
    ];

    public string PathOf(string name) => Path.Combine(_folder, name);

    public string Read(string name) => File.ReadAllText(PathOf(name));

    /// <summary>Keeps a copy of what is there now, for <see cref="Of"/>.</summary>
    public void Keep()
    {
        var copy = Directory.CreateDirectory(Path.Combine(_folder, "..", "before")).FullName;
        foreach (var (name, content) in Contents())
            File.WriteAllBytes(Path.Combine(copy, name), content);
    }

    /// <summary>Byte for byte, and none more.</summary>
    public void AssertAsBefore()
    {
        var now = Contents();
        Assert.Equal(_before.Keys.Order(StringComparer.Ordinal), now.Keys.Order(StringComparer.Ordinal));
        Assert.All(now, file => Assert.Equal(_before[file.Key], file.Value));
    }

    /// <summary>All four name this login, and nothing else of them has changed; a .pgpass may keep another one beside.</summary>
    public void AssertHold(Login login, params string[] keepers)
    {
        var (user, password) = (login.Username, login.Password.Reveal());
        Assert.Equal(["app.env", "app.json", "new.env", "pgpass"], Contents().Keys.Order(StringComparer.Ordinal));
        Assert.Equal([("DB_USER", user), ("DB_PASS", password), ("OTHER", "x y")], EnvFormat.Read(Read("app.env")));
        Assert.Equal([("U", user), ("P", password)], EnvFormat.Read(Read("new.env")));
        Assert.StartsWith("# shop\nexport DB_USER=", Read("app.env"), StringComparison.Ordinal);
        Assert.Equal(Json[1..].Replace("\"app\"", JsonSerializer.Serialize(user), StringComparison.Ordinal).Replace(World.AppPassword, password, StringComparison.Ordinal), Read("app.json"));
        Assert.Equal([0xEF, 0xBB, 0xBF], File.ReadAllBytes(PathOf("app.json"))[..3]);
        var kept = string.Concat(keepers.Select(keeper => keeper + "\n"));
        Assert.Equal($"# mine\nelse:1:app:app:x\n{kept}model:1:app:{user}:{password}\n*:*:*:*:last\n".Split('\n').Order(StringComparer.Ordinal), Read("pgpass").Split('\n').Order(StringComparer.Ordinal));
        if (!OperatingSystem.IsWindows())
            Assert.All(Contents().Keys, name => Assert.Equal(UnixMode.OwnerOnly, UnixMode.Get(PathOf(name))));
    }

    /// <summary>Whatever each of them names logs in.</summary>
    public void AssertUsable(World world)
    {
        foreach (var name in new[] { "app.env", "new.env" }.Where(name => File.Exists(PathOf(name))))
        {
            var values = EnvFormat.Read(Read(name));
            Assert.True(world.Server.LogsIn(values[0].Value!, values[1].Value!), name);
        }

        using var json = JsonDocument.Parse(Read("app.json"), new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var db = json.RootElement.GetProperty("Db");
        Assert.True(world.Server.LogsIn(db.GetProperty("User").GetString()!, db.GetProperty("Pw").GetString()!), "app.json");
    }

    private Dictionary<string, byte[]> Contents(string? folder = null) =>
        Directory.GetFiles(folder ?? _folder).ToDictionary(path => Path.GetFileName(path)!, File.ReadAllBytes);

    private PublishTarget Target(int id, PublishTargetKind kind, string name, params (string Name, PublishFormat Format)[] entries) => new()
    {
        Id = new Guid(id, 0, 0, new byte[8]),
        Credential = "app",
        Kind = kind,
        Path = PathOf(name),
        Entries = entries.ToDictionary(entry => entry.Name, entry => entry.Format),
    };
}
