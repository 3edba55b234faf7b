namespace Nebula.Rotation;

/// <summary>A fact that one of two logins has and the other lacks.</summary>
/// <param name="SideIndicator"><c>&lt;=</c> when the reference has it, <c>=&gt;</c> when the difference has it; the words are Compare-Object's.</param>
/// <param name="Username">Who has it.</param>
/// <param name="Fact">The fact.</param>
public sealed record PermissionDifference(string SideIndicator, string Username, PermissionFact Fact)
{
    /// <summary>Only the reference has the fact.</summary>
    public const string ReferenceOnly = "<=";

    /// <summary>Only the difference has the fact.</summary>
    public const string DifferenceOnly = "=>";

    /// <summary>The difference in words.</summary>
    public override string ToString() => $"{SideIndicator} {Fact}";
}
