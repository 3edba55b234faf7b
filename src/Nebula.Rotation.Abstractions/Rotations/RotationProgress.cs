namespace Nebula.Rotation;

/// <summary>What a running rotation is doing now, for a progress bar.</summary>
/// <param name="RotationId">The rotation.</param>
/// <param name="Credential">The credential's name.</param>
/// <param name="Stage">The stage at work.</param>
/// <param name="Activity">What it is doing, in a few words.</param>
/// <param name="PercentComplete">From 0 to 100, or null when it cannot be known.</param>
public sealed record RotationProgress(Guid RotationId, string Credential, RotationStage Stage, string Activity, int? PercentComplete);
