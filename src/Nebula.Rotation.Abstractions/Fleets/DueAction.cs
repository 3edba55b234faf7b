namespace Nebula.Rotation;

/// <summary>What a run does with a credential.</summary>
public enum DueAction
{
    /// <summary>Rotates it; what an earlier run left open is finished first.</summary>
    Rotate,

    /// <summary>Finishes what an earlier run left open: a rotation that is draining or was left half-way, or a login that was kept until now.</summary>
    Finish,
}
