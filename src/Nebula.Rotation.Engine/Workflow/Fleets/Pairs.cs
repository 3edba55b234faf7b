using System.Globalization;
using Nebula.Rotation.Engine.Databases;

namespace Nebula.Rotation.Engine.Workflow.Fleets;

/// <summary>
/// Two credentials that stand in for each other (<c>-Option @{ PairWith = 'other'; Offset = '12h' }</c>): never in the same run, and by a schedule
/// not within the offset of each other, so that one of them is always beyond suspicion. For the same run one naming the other is
/// enough; the offset is kept by whoever names the other, so by both where both do.
/// </summary>
internal static class Pairs
{
    public static string? PartnerOf(DatabaseCredential credential) => Find(credential, StrategyOptions.PairWith);

    /// <summary>Refuses what cannot be meant.</summary>
    public static void Validate(DatabaseCredential credential)
    {
        var partner = PartnerOf(credential);
        if (partner is not null && (partner.Length == 0 || partner.Equals(credential.Name, StringComparison.OrdinalIgnoreCase)))
            throw new RotationException(RotationErrorCode.InvalidArgument, $"PairWith must name another credential than '{credential.Name}'.");
        if (partner is null && Find(credential, StrategyOptions.Offset) is not null)
            throw new RotationException(RotationErrorCode.InvalidArgument, "Offset is the distance from a partner, and there is none.", "Name it: -Option @{ PairWith = 'other'; Offset = '12h' }.");
        _ = OffsetOf(credential);
    }

    /// <summary>True when one of them names the other.</summary>
    public static bool ArePaired(DatabaseCredential one, DatabaseCredential other) =>
        one.Scope == other.Scope && one.Id != other.Id && (Names(one, other) || Names(other, one));

    /// <summary>Until when one must wait because its partner was rotated, or null.</summary>
    public static DateTimeOffset? WaitsUntil(DatabaseCredential credential, DatabaseCredential partner)
    {
        var offset = new[] { Names(credential, partner) ? OffsetOf(credential) : null, Names(partner, credential) ? OffsetOf(partner) : null }.Max();
        // A partner that was never rotated has nothing to keep away from: its first version came with it.
        return offset is { } distance && partner.Version > 1 ? partner.LastRotatedAt + distance : null;
    }

    private static bool Names(DatabaseCredential one, DatabaseCredential other) => string.Equals(PartnerOf(one), other.Name, StringComparison.OrdinalIgnoreCase);

    private static string? Find(DatabaseCredential credential, string option) =>
        credential.Option.FirstOrDefault(given => given.Key.Equals(option, StringComparison.OrdinalIgnoreCase)).Value;

    private static TimeSpan? OffsetOf(DatabaseCredential credential)
    {
        if (Find(credential, StrategyOptions.Offset) is not { } text)
            return null;
        var unit = text.Length > 0 ? char.ToLowerInvariant(text[^1]) : ' ';
        var seconds = unit switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 };
        if (seconds > 0 && double.TryParse(text.AsSpan()[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * seconds <= 36525.0 * 86400)
            return TimeSpan.FromSeconds(number * seconds);
        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && text.Contains(':') && time >= TimeSpan.Zero
            ? time
            : throw new RotationException(RotationErrorCode.InvalidArgument, $"Offset '{text}' is no duration.", "Give a number with a unit: 90s, 5m, 12h, 1d.");
    }
}
