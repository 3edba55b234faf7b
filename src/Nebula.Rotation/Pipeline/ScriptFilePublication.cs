namespace Nebula.Rotation.Module.Pipeline;

/// <summary>A script file with the actions Publish and Rollback. An exit code that is not 0 is a failure, as an error is.</summary>
internal sealed class ScriptFilePublication(PublishTarget target) : ISessionPublication
{
    private const string Call = """
        & $Path -Action $Action -Publication $Publication *>&1
        if (-not $?) { throw "It ended with $LASTEXITCODE." }
        """;

    public PublishScriptResult Run(PublishContext context, CancellationToken cancellationToken) => SessionScript.Run(
        $"'{target.Path}'",
        "param($Path, $Action, $Publication)",
        Call,
        new Dictionary<string, object> { ["Path"] = target.Path!, ["Action"] = context.IsRollback ? "Rollback" : "Publish", ["Publication"] = context },
        new SecretMask(context.Login.Password, context.PreviousLogin?.Password),
        cancellationToken);
}
