namespace Nebula.Rotation.Engine.Workflow;

/// <summary>What a run was asked for, kept in the journal so that whoever finishes it does so in the same way unless told otherwise.</summary>
internal sealed record RotationSettings
{
    public TimeSpan GracePeriod { get; init; } = RotationRequest.DefaultGracePeriod;

    public TimeSpan DrainTimeout { get; init; } = RotationRequest.DefaultDrainTimeout;

    public DrainTimeoutAction OnDrainTimeout { get; init; }

    public TimeSpan RetainFor { get; init; }

    public bool NoWait { get; init; }

    public bool Emergency { get; init; }

    public string? VerifyQuery { get; init; }

    /// <summary>These settings, changed by what the request names. NoWait is a matter of the run, never kept.</summary>
    public RotationSettings With(RotationRequest request)
    {
        var emergency = Emergency || request.Emergency;
        return this with
        {
            GracePeriod = emergency ? TimeSpan.Zero : request.GracePeriod ?? GracePeriod,
            DrainTimeout = emergency ? TimeSpan.Zero : request.DrainTimeout ?? DrainTimeout,
            OnDrainTimeout = emergency ? DrainTimeoutAction.Terminate : request.OnDrainTimeout ?? OnDrainTimeout,
            RetainFor = emergency ? TimeSpan.Zero : request.RetainFor ?? RetainFor,
            NoWait = request.NoWait,
            Emergency = emergency,
            VerifyQuery = request.VerifyQuery ?? VerifyQuery,
        };
    }
}
