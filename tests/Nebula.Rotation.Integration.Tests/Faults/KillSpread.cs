namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>Spreads a number of kills over all that a rotation does, the same in each run: each stage, at each moment that it has, gets its share.</summary>
internal static class KillSpread
{
    public static Moment[] Moments { get; } = [Moment.BeforeWrite, Moment.AfterWrite, Moment.BeforeSend, Moment.InFlight, Moment.AnswerLost, Moment.AfterAnswer];

    /// <summary>How many of them are around a statement.</summary>
    public static int MomentsOfStatements { get; } = Moments.Count(moment => moment is not (Moment.BeforeWrite or Moment.AfterWrite));

    /// <param name="seen">A rotation that nobody disturbed.</param>
    /// <param name="count">How many faults.</param>
    /// <param name="moments">When, if not at all that a kill has.</param>
    public static IReadOnlyList<KillPoint> Over(IReadOnlyList<Ambush.Passage> seen, int count, IReadOnlyList<Moment>? moments = null)
    {
        var cells = (from stage in seen.Select(passage => passage.Stage).Distinct().Order()
                     from moment in moments ?? Moments
                     let points = Find(seen, stage, moment)
                     where !points.AreNone
                     select (Stage: stage, Moment: moment, Points: points)).ToList();

        Assert.True(
            count >= cells.Count,
            $"{count} faults are too few: this rotation has {cells.Count} kinds of point (a stage, and a moment in it), and each gets one. A campaign (NEBULA_TEST_KILLS) must have {cells.Count} kills or more.");

        // One for each cell first; what is left goes in turn to those with the most that was not hit yet.
        var shares = cells.Select(static _ => 1).ToArray();
        for (var left = count - shares.Sum(); left > 0; left--)
        {
            var index = Enumerable.Range(0, cells.Count).MaxBy(cell => cells[cell].Points.Weight / shares[cell]);
            shares[index]++;
        }

        return [.. cells.SelectMany((cell, index) => cell.Points.Choose(shares[index], (int)cell.Moment).Select(nth => new KillPoint(cell.Stage, cell.Moment, nth)))];
    }

    private static Points Find(IReadOnlyList<Ambush.Passage> seen, RotationStage stage, Moment moment)
    {
        var counted = moment is Moment.BeforeWrite or Moment.AfterWrite ? moment : Moment.BeforeSend;
        var all = seen.Where(passage => passage.Stage == stage && passage.Moment == counted).Select((passage, index) => (passage.What, Nth: index + 1)).ToLookup(
            point => counted != Moment.BeforeSend || StatementLabel.Changes(point.What), point => point.Nth);
        return new([.. all[true]], [.. all[false]]);
    }

    /// <summary>The points of a cell by their numbers: what changes something can be half done, and comes before what only asks.</summary>
    private sealed record Points(IReadOnlyList<int> Changes, IReadOnlyList<int> Questions)
    {
        private const double WeightOfQuestion = 0.25;

        public bool AreNone => Changes.Count + Questions.Count == 0;

        public double Weight => Changes.Count + (WeightOfQuestion * Questions.Count);

        /// <summary>So many of them; <paramref name="from"/> lets the moments of one stage begin with another statement each.</summary>
        public IEnumerable<int> Choose(int count, int from)
        {
            var changes = Math.Min(count, Changes.Count);
            return Spread(Changes, changes, from).Concat(Spread(Questions.Count > 0 ? Questions : Changes, count - changes, from));
        }

        private static IEnumerable<int> Spread(IReadOnlyList<int> points, int count, int from) =>
            Enumerable.Range(0, count).Select(index => points[((index * points.Count / count) + from) % points.Count]);
    }
}
