using Microsoft.Extensions.Logging;

namespace Nebula.Rotation.Hosting;

/// <summary>A rotation in the host's log.</summary>
internal sealed partial class RotationLog(ILogger logger, string credential) : IRotationObserver
{
    /// <summary>
    /// True while a record is finished that may have been published to pools: those of a process that is gone need not be told, and the ones here are.
    /// </summary>
    public bool Publishes { get; init; }

    public void OnStage(StageResult result) =>
        Stage(logger, result.Status is StageStatus.Failed ? LogLevel.Warning : LogLevel.Information, credential, result.Stage, result.Status, result.Message);

    public void OnProgress(RotationProgress progress) => Progress(logger, credential, progress.Activity);

    public void OnMessage(RotationMessageKind kind, string message) =>
        Message(logger, kind is RotationMessageKind.Verbose ? LogLevel.Debug : LogLevel.Warning, credential, message);

    public Task PublishAsync(PublishContext context, CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(1, LogLevel.Error, "{Credential}: {Code}: {Reason} {Action} It is tried again after {Pause}.")]
    public static partial void Failed(ILogger logger, string credential, RotationErrorCode code, string reason, string action, TimeSpan pause);

    [LoggerMessage(2, LogLevel.Information, "{Credential}: {Reason}")]
    public static partial void PutOff(ILogger logger, string credential, string reason);

    [LoggerMessage(3, LogLevel.Information, "{Credential}: the pool of '{Username}' is gone after {Duration}, with {LeftOpen} connections left in use.")]
    public static partial void Drained(ILogger logger, string credential, string username, TimeSpan duration, int leftOpen);

    [LoggerMessage(4, LogLevel.Error, "The look for rotations that are due has failed: {Reason}")]
    public static partial void LookFailed(ILogger logger, string reason);

    [LoggerMessage(EventId = 5, Message = "{Credential}: {Stage} {Status}. {Text}")]
    private static partial void Stage(ILogger logger, LogLevel level, string credential, RotationStage stage, StageStatus status, string text);

    [LoggerMessage(6, LogLevel.Debug, "{Credential}: {Activity}")]
    private static partial void Progress(ILogger logger, string credential, string activity);

    [LoggerMessage(EventId = 7, Message = "{Credential}: {Text}")]
    private static partial void Message(ILogger logger, LogLevel level, string credential, string text);
}
