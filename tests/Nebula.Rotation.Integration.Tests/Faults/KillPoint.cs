namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>A point of a rotation: the n-th write, or the n-th statement, of a stage. Counted from one.</summary>
internal readonly record struct KillPoint(RotationStage Stage, Moment Moment, int Nth)
{
    public override string ToString() => $"{Stage}, {Moment} {Nth}";
}
