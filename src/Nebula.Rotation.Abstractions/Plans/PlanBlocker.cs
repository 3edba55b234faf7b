namespace Nebula.Rotation;

/// <summary>Something that stands in the way of a rotation, found before anything is touched.</summary>
/// <param name="ObjectName">The object's name.</param>
/// <param name="Reason">Why it stands in the way.</param>
/// <param name="Action">What to do about it.</param>
public sealed record PlanBlocker(string ObjectName, string Reason, string Action)
{
    /// <summary>The blocker in a sentence.</summary>
    public override string ToString() => $"{ObjectName}: {Reason} {Action}";
}
