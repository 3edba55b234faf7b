namespace Nebula.Rotation;

/// <summary>A statement that a rotation will run.</summary>
/// <param name="Stage">The stage that runs it.</param>
/// <param name="Database">The database it runs in, or null for any.</param>
/// <param name="Text">Its text; a password or verifier is shown as three asterisks.</param>
public sealed record PlanStatement(RotationStage Stage, string? Database, string Text)
{
    /// <summary>The text.</summary>
    public override string ToString() => Text;
}
