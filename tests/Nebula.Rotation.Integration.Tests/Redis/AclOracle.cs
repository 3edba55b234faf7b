using System.Globalization;
using System.Text.RegularExpressions;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>
/// What a user may do, in the server's own words: ACL DRYRUN of every command of COMMAND LIST, on every key that a test names, and of PUBLISH and SUBSCRIBE on
/// every channel. It knows nothing of the module.
/// </summary>
internal static partial class AclOracle
{
    public static readonly string[] Keys = ["a", "b", "app:1", "cache:1", "ro:1", "wo:1", "sel:1", "s'q", "x\"y", "{tag}1", "ä", "other"];
    public static readonly string[] Channels = ["app.1", "news", "sel.1", "ch'q", "other"];

    /// <summary>One line an answer, without the user's name.</summary>
    public static async Task<IReadOnlyList<string>> ReadAsync(RedisServer server, string user)
    {
        await using var connection = await server.OpenAsync(ct: RedisScene.Ct);
        var names = ((object?[])(await connection.ExecuteAsync(["COMMAND", "LIST"], RedisScene.Ct))!).Cast<string>().Order(StringComparer.Ordinal).ToList();
        var infos = await connection.ExecuteAllAsync([.. names.Select(name => (IReadOnlyList<string>)["COMMAND", "INFO", name])], RedisScene.Ct);
        var questions = new List<IReadOnlyList<string>>();
        foreach (var (name, info) in names.Zip(infos))
        {
            if (info is not object?[] { Length: 1 } reply || reply[0] is not object?[] fields)
                continue;
            var least = Math.Abs((long)fields[1]!);
            var words = name.Split('|');
            foreach (var key in name is "get" or "set" or "getset" or "copy" or "lmove" or "mget" ? Keys : Keys[..1])
                questions.Add(["ACL", "DRYRUN", user, .. words, .. Enumerable.Repeat(key, (int)Math.Max(least - words.Length, 0))]);
        }

        foreach (var channel in Channels)
        {
            questions.Add(["ACL", "DRYRUN", user, "PUBLISH", channel, "x"]);
            questions.Add(["ACL", "DRYRUN", user, "SUBSCRIBE", channel]);
            questions.Add(["ACL", "DRYRUN", user, "PSUBSCRIBE", channel]);
        }

        foreach (var database in Enumerable.Range(0, 4))
            questions.Add(["ACL", "DRYRUN", user, "SELECT", database.ToString(CultureInfo.InvariantCulture)]);
        var answers = await connection.ExecuteAllAsync(questions, RedisScene.Ct);
        Assert.True(answers.Count(answer => answer is string) > 150, "DRYRUN answers");
        return [.. questions.Zip(answers, (question, answer) => $"{string.Join(' ', question.Skip(3))}: {WithoutName(answer switch { RedisReplyException e => e.Message, _ => $"{answer}" })}")];
    }

    private static string WithoutName(string text) => Name().Replace(text, "User has");

    [GeneratedRegex(@"^(User \S+|This user) has")]
    private static partial Regex Name();
}
