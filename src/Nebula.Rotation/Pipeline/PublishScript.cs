using System.Management.Automation;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>The user's -Publish script.</summary>
internal sealed class PublishScript(ScriptBlock script) : ISessionPublication
{
    // Plain output is not part of the answer: among the stage results it would be a surprise.
    public PublishScriptResult Run(PublishContext context, CancellationToken cancellationToken) => SessionScript.Run(
        "The -Publish script",
        "param($Script, $Context)",
        "& $Script $Context *>&1",
        new Dictionary<string, object> { ["Script"] = script, ["Context"] = context },
        new SecretMask(context.Login.Password),
        cancellationToken);
}
