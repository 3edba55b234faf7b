namespace Nebula.Rotation.Engine.Publishing;

/// <summary>Settings of a target by name, without regard to case.</summary>
internal static class TargetOptions
{
    public static string? Find(PublishTarget target, string name) =>
        target.Options.FirstOrDefault(option => option.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>Refuses settings that the kind does not know: a slip of the hand must not go unseen.</summary>
    public static void Allow(PublishTarget target, params IReadOnlyList<string> known)
    {
        if (target.Options.Keys.FirstOrDefault(name => !known.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            throw TargetFailure.Invalid(
                target, $"it has no setting '{unknown}'.", known.Count == 0 ? "It takes none." : $"It takes: {string.Join(", ", known)}.");
        }
    }

    public static int Number(PublishTarget target, string name, int otherwise, int least, int most)
    {
        if (Find(target, name) is not { } text)
            return otherwise;
        return int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw TargetFailure.Invalid(target, $"'{text}' is no {name}.", $"Give a number from {least} to {most}.");
    }
}
