namespace Nebula.Rotation.TestServers.Oracles;

/// <summary>How two readings differ. A line that is there twice counts twice.</summary>
/// <param name="Lost">In the first only.</param>
/// <param name="Gained">In the second only.</param>
/// <param name="Excused">Differences that a rule takes out, with the rule.</param>
internal sealed record DumpDiff(IReadOnlyList<DumpLine> Lost, IReadOnlyList<DumpLine> Gained, IReadOnlyList<(DumpRule Rule, DumpLine Line)> Excused)
{
    public bool IsEmpty => Lost.Count == 0 && Gained.Count == 0;

    public static DumpDiff Between(DumpReading before, DumpReading after, IReadOnlyCollection<DumpRule> rules)
    {
        var lost = Without(before.Lines, after.Lines);
        var gained = Without(after.Lines, before.Lines);
        var excused = new List<(DumpRule, DumpLine)>();
        if (rules.Contains(DumpRule.PinnedSearchPath))
            ExcusePinnedSearchPaths(before.Login, lost, gained, excused);
        if (rules.Contains(DumpRule.MembershipGrantor))
            ExcuseMembershipGrantors(lost, gained, excused);
        return new DumpDiff(lost, gained, excused);
    }

    /// <summary>The differences, a line each: what is lost with a minus, what is gained with a plus.</summary>
    public override string ToString() =>
        IsEmpty ? "no difference" : string.Join('\n', Lost.Select(line => "- " + line).Concat(Gained.Select(line => "+ " + line)));

    private static List<DumpLine> Without(IEnumerable<DumpLine> lines, IEnumerable<DumpLine> others)
    {
        var left = others.CountBy(line => line.ToString()).ToDictionary();
        var remaining = new List<DumpLine>();
        foreach (var line in lines)
        {
            var text = line.ToString();
            if (left.TryGetValue(text, out var count) && count > 0)
                left[text] = count - 1;
            else
                remaining.Add(line);
        }

        return remaining;
    }

    private static void ExcusePinnedSearchPaths(string oldLogin, List<DumpLine> lost, List<DumpLine> gained, List<(DumpRule, DumpLine)> excused)
    {
        var schema = DumpCanonicalizer.TextLiteral(oldLogin);
        foreach (var pinned in gained.Where(line => SearchPath(line)?.Contains(schema) == true).ToList())
        {
            // A path that the login had before is replaced by its pinned form, and not by any other one.
            var replaced = lost.Find(line => line.Database == pinned.Database && SearchPath(line) is not null);
            if (replaced is not null && !SearchPath(replaced)!.Select(schemaName => schemaName == "'$user'" ? schema : schemaName).SequenceEqual(SearchPath(pinned)!))
                continue;
            Move(pinned, gained, DumpRule.PinnedSearchPath, excused);
            if (replaced is not null)
                Move(replaced, lost, DumpRule.PinnedSearchPath, excused);
        }
    }

    /// <summary>The schemas of a search_path that the login has in one database; null for any other line.</summary>
    private static string[]? SearchPath(DumpLine line)
    {
        if (line.Kind is not DumpKind.Setting || line.Database is null || !line.Text.StartsWith($"ALTER ROLE {DumpReading.LoginToken} IN DATABASE ", StringComparison.Ordinal))
            return null;
        const string setting = " SET search_path TO ";
        var at = line.Text.IndexOf(setting, StringComparison.Ordinal);
        return at < 0 ? null : line.Text[(at + setting.Length)..].Split(", ");
    }

    private static void ExcuseMembershipGrantors(List<DumpLine> lost, List<DumpLine> gained, List<(DumpRule, DumpLine)> excused)
    {
        foreach (var had in lost.Where(line => line.Kind is DumpKind.Membership).ToList())
        {
            if (gained.Find(line => line.Kind is DumpKind.Membership && Membership(line) == Membership(had)) is not { } has)
                continue;
            Move(had, lost, DumpRule.MembershipGrantor, excused);
            Move(has, gained, DumpRule.MembershipGrantor, excused);
        }

        static string Membership(DumpLine line) => line.Text.Split(DumpCanonicalizer.By)[0];
    }

    private static void Move(DumpLine line, List<DumpLine> from, DumpRule rule, List<(DumpRule, DumpLine)> to)
    {
        from.Remove(line);
        to.Add((rule, line));
    }
}
