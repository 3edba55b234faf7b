using System.Text.Json;

namespace Nebula.Rotation.Engine.Publishing;

/// <summary>
/// A program of the user's. It is given one JSON object on its standard input and must take the same one twice: after a crash nobody knows whether it had
/// finished. A rollback is the same call with the old login and <c>"action": "rollback"</c>.
/// </summary>
internal sealed class CommandPublisher : IPublisher
{
    /// <summary>Seconds that it may take.</summary>
    public const string Timeout = "Timeout";

    private const int DefaultTimeout = 30;
    private const int LongestTimeout = 600;

    public void Validate(PublishTarget target, DatabaseCredential credential)
    {
        if (target.Path is null || !Path.IsPathFullyQualified(target.Path))
            throw TargetFailure.Invalid(target, "it needs the full path of a program.", "Give it with -Path, its arguments with -Argument.");
        if (target.Entries.Values.Contains(PublishFormat.Credential))
            throw TargetFailure.Invalid(target, "JSON holds texts, no PSCredential.", "Username and password are in it anyway.");
        TargetOptions.Allow(target, Timeout);
        _ = TimeoutOf(target);
    }

    public Task<TargetCheck> CheckAsync(TargetContext context, CancellationToken cancellationToken) =>
        TargetProgram.WhyNot(context.Target.Path!, mustBeExecutable: true) is { } reason ? throw reason : Task.FromResult(TargetCheck.Fine);

    public Task<string?> PrepareAsync(TargetContext context, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public Task PublishAsync(TargetContext context, string? prepared, CancellationToken cancellationToken) => RunAsync(context, "publish", cancellationToken);

    public async Task<string?> RollBackAsync(TargetContext context, string? prepared, CancellationToken cancellationToken)
    {
        await RunAsync(context, "rollback", cancellationToken);
        return null;
    }

    public Task ForgetPreviousAsync(TargetContext context, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<bool?> HoldsAsync(TargetContext context, CancellationToken cancellationToken) => Task.FromResult<bool?>(null);

    private static TimeSpan TimeoutOf(PublishTarget target) => TimeSpan.FromSeconds(TargetOptions.Number(target, Timeout, DefaultTimeout, 1, LongestTimeout));

    private static Task RunAsync(TargetContext context, string action, CancellationToken cancellationToken) => TargetProgram.RunAsync(
        context.Target.Path!,
        context.Target.Arguments,
        ToJson(context, action),
        TimeoutOf(context.Target),
        [context.Login.Password, .. context.Previous is { } previous ? [previous.Password] : Array.Empty<Secret>()],
        cancellationToken);

    private static string ToJson(TargetContext context, string action) => JsonSerializer.Serialize(new
    {
        action,
        rotationId = context.RotationId,
        credential = context.Credential.Name,
        scope = context.Credential.Scope,
        databaseType = context.Credential.DatabaseType.ToString(),
        hosts = context.Credential.HostName,
        port = context.Credential.Port,
        database = context.Credential.Database,
        username = context.Login.Username,
        password = context.Login.Password.Reveal(),
        previousUsername = context.Previous?.Username,
        entries = TargetEntries.Of(context, context.Login, []).ToDictionary(entry => entry.Name, entry => entry.Value),
    });
}
