namespace Nebula.Rotation;

/// <summary>Who watches a run over many. Called from any thread, one call at a time.</summary>
public interface IFleetObserver
{
    /// <summary>A credential is begun: who watches it. Its calls come one at a time, those of two credentials at once.</summary>
    IRotationObserver OnBegin(FleetMember member);

    /// <summary>A credential has ended, or will not be begun.</summary>
    /// <param name="result">How.</param>
    /// <param name="exception">What it failed with, or null.</param>
    /// <returns>
    /// Completes when the caller has heard of it: no other is begun before, so that a caller that has enough after a failure has it in time. Those at
    /// work wait for nobody. False when it wants no more.
    /// </returns>
    Task<bool> OnEndAsync(FleetResult result, Exception? exception);

    /// <summary>Something to say about the run as a whole.</summary>
    void OnMessage(RotationMessageKind kind, string message);
}
