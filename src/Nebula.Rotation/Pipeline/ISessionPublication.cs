namespace Nebula.Rotation.Module.Pipeline;

/// <summary>A publication that runs in the user's own session, on the pipeline thread.</summary>
internal interface ISessionPublication
{
    /// <summary>Publishes, or takes a publication back. Never throws.</summary>
    PublishScriptResult Run(PublishContext context, CancellationToken cancellationToken);
}
