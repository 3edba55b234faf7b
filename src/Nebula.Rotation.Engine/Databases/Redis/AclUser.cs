using System.Text;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>What ACL GETUSER says of a user on one node, in whatever form that version has.</summary>
internal sealed record AclUser
{
    private const string SkipSanitize = "skip-sanitize-payload";

    /// <summary>What is said again elsewhere (patterns and rules of 6), or is what there is without a flag.</summary>
    private static readonly string[] Implied = ["on", "off", "nopass", "allkeys", "allchannels", "allcommands", "alldbs", "sanitize-payload"];

    public required bool IsOn { get; init; }

    public required bool NeedsNoPassword { get; init; }

    /// <summary>SHA-256, in hexadecimal.</summary>
    public required IReadOnlyList<string> Hashes { get; init; }

    /// <summary>The facts, of no group yet.</summary>
    public required IReadOnlyList<PermissionFact> Facts { get; init; }

    /// <summary>What this version does not know.</summary>
    public required IReadOnlyList<string> Strange { get; init; }

    public required RedisFeatures Features { get; init; }

    public string Commands => Facts.First(fact => fact.Kind == FactKinds.Commands).Value!;

    public static AclUser? Read(object? reply)
    {
        if (reply is not List<object?> fields)
            return null;
        var (flags, hashes, facts, strange) = (new List<string>(), new List<string>(), new List<PermissionFact>(), new List<string>());
        var features = RedisFeatures.None;
        for (var at = 0; at + 1 < fields.Count; at += 2)
        {
            var value = fields[at + 1];
            switch (fields[at] as string)
            {
                case "flags":
                    flags.AddRange(Words(value));
                    break;
                case "passwords":
                    hashes.AddRange(Words(value));
                    break;
                case "commands":
                    facts.Add(new() { Kind = FactKinds.Commands, Name = "rules", Value = value as string ?? "" });
                    break;
                case "keys":
                    facts.AddRange(Patterns(value, '~').Select(Key));
                    break;
                case "channels":
                    features |= RedisFeatures.Channels;
                    facts.AddRange(Patterns(value, '&').Select(pattern => new PermissionFact { Kind = FactKinds.Channel, Name = "&", ObjectType = "CHANNEL", ObjectName = pattern[1..] }));
                    break;
                case "databases":
                    features |= RedisFeatures.Databases;
                    facts.Add(new() { Kind = FactKinds.Databases, Name = "databases", Value = value as string ?? "" });
                    break;
                case "selectors":
                    features |= RedisFeatures.Selectors | RedisFeatures.ManySettings;
                    foreach (var selector in value as List<object?> ?? [])
                        facts.Add(Selector(selector as List<object?> ?? [], strange));
                    break;
                case var other:
                    strange.Add($"ACL GETUSER tells of '{other}', which this version does not know.");
                    break;
            }
        }

        if (flags.Contains(SkipSanitize))
            facts.Add(new() { Kind = FactKinds.Flag, Name = SkipSanitize });
        strange.AddRange(flags.Except(Implied).Where(flag => flag != SkipSanitize).Select(flag => $"The flag '{flag}' is not known to this version."));
        if (facts.Any(fact => $"{fact.ObjectName}{fact.Value}".Contains('\uFFFD', StringComparison.Ordinal)))
            strange.Add("A pattern is no UTF-8 text.");
        return new()
        {
            IsOn = flags.Contains("on"),
            NeedsNoPassword = flags.Contains("nopass"),
            Hashes = hashes,
            Facts = facts,
            Strange = strange,
            Features = features,
        };
    }

    /// <summary>A selector as ACL SETUSER takes it, its parts in an order that does not depend on how they came.</summary>
    private static PermissionFact Selector(List<object?> fields, List<string> strange)
    {
        var (keys, channels, commands) = (new List<string>(), new List<string>(), "");
        string? databases = null;
        for (var at = 0; at + 1 < fields.Count; at += 2)
        {
            switch (fields[at] as string)
            {
                case "commands":
                    commands = fields[at + 1] as string ?? "";
                    break;
                case "keys":
                    keys.AddRange(Patterns(fields[at + 1], '~'));
                    break;
                case "channels":
                    channels.AddRange(Patterns(fields[at + 1], '&'));
                    break;
                case "databases":
                    databases = fields[at + 1] as string ?? "";
                    break;
                case var other:
                    strange.Add($"ACL GETUSER tells of '{other}' in a selector, which this version does not know.");
                    break;
            }
        }

        // The server reads the inside of the brackets as redis-cli reads a line (src/acl.c, ACLCreateSelectorFromOpSet).
        var text = new StringBuilder("(");
        foreach (var word in keys.Order(StringComparer.Ordinal).Append("resetchannels").Concat(channels.Order(StringComparer.Ordinal)))
            text.Append(RedisDialect.Word(word)).Append(' ');
        foreach (var word in databases is null ? [] : DatabaseWords(databases))
            text.Append(word).Append(' ');
        return new() { Kind = FactKinds.Selector, Name = "selector", Value = text.Append(commands).Append(')').ToString() };
    }

    /// <summary>How ACL SETUSER is told of databases; "resetdbs" takes all away, which an empty answer means.</summary>
    public static IEnumerable<string> DatabaseWords(string databases) => databases switch
    {
        "" => ["resetdbs"],
        "alldbs" => ["alldbs"],
        _ => ["resetdbs", .. databases.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
    };

    private static PermissionFact Key(string pattern)
    {
        var tilde = pattern.IndexOf('~', StringComparison.Ordinal) + 1;
        return new() { Kind = FactKinds.Key, Name = pattern[..tilde], ObjectType = "KEY", ObjectName = pattern[tilde..] };
    }

    /// <summary>
    /// Before 7.0 an array of bare patterns; since then one text, each pattern with its sign. No pattern has a blank. Beside the pattern of everything the others
    /// mean nothing, and the server takes none behind it, though it may list some (a <c>%R~*</c> and a <c>%W~*</c> become one).
    /// </summary>
    private static List<string> Patterns(object? value, char sign)
    {
        List<string> patterns = value switch
        {
            List<object?> bare => [.. bare.OfType<string>().Select(pattern => sign + pattern)],
            string text => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
            _ => [],
        };
        return patterns.Contains($"{sign}*") ? [$"{sign}*"] : patterns;
    }

    private static IEnumerable<string> Words(object? value) => (value as List<object?> ?? []).OfType<string>();
}
