using Nebula.Rotation.Engine.Publishing.Formats;
using Nebula.Rotation.Engine.Publishing.PgBouncer;

namespace Nebula.Rotation.Engine.Publishing;

/// <summary>Who publishes to what kind of target.</summary>
internal sealed class PublisherRegistry(IReadOnlyDictionary<PublishTargetKind, IPublisher> publishers)
{
    public const int MostTargets = 100;

    public static PublisherRegistry Default { get; } = new(new Dictionary<PublishTargetKind, IPublisher>
    {
        [PublishTargetKind.EnvFile] = new FilePublisher(new EnvFormat()),
        [PublishTargetKind.JsonFile] = new FilePublisher(new JsonFormat()),
        [PublishTargetKind.PgPass] = new FilePublisher(new PgPassFormat()),
        [PublishTargetKind.MyCnf] = new FilePublisher(new MyCnfFormat()),
        [PublishTargetKind.KubernetesSecret] = new FilePublisher(new KubernetesFormat()),
        [PublishTargetKind.PgBouncerUserList] = new PgBouncerPublisher(new(new UserListFormat())),
        [PublishTargetKind.Command] = new CommandPublisher(),
        [PublishTargetKind.ScriptFile] = new SessionPublisher(),
        [PublishTargetKind.SecretVault] = new SessionPublisher(),
    });

    public IPublisher Get(PublishTargetKind kind) => publishers[kind];

    /// <summary>Throws InvalidArgument for a list of targets that makes no sense.</summary>
    public void Validate(DatabaseCredential credential)
    {
        if (credential.PublishTargets.Count > MostTargets)
            throw new RotationException(RotationErrorCode.InvalidArgument, $"A credential takes at most {MostTargets} publish targets.");
        foreach (var target in credential.PublishTargets)
        {
            Get(target.Kind).Validate(target, credential);
            var twin = credential.PublishTargets.FirstOrDefault(other => other.Id != target.Id && other.Kind == target.Kind && other.Path == target.Path && target.Path is not null
                && target.Kind is not (PublishTargetKind.Command or PublishTargetKind.ScriptFile) && SameOptions(target, other) && Overlap(target, other));
            if (twin is not null)
                throw TargetFailure.Invalid(target, $"'{target.Path}' is a target of '{credential.Name}' already.", "Remove that one first, or name other entries.");
        }
    }

    private static bool Overlap(PublishTarget one, PublishTarget other) =>
        one.Entries.Count == 0 || other.Entries.Count == 0 || one.Entries.Keys.Intersect(other.Entries.Keys, StringComparer.Ordinal).Any();

    private static bool SameOptions(PublishTarget one, PublishTarget other) =>
        one.Options.Count == other.Options.Count && one.Options.All(option => TargetOptions.Find(other, option.Key) == option.Value);
}
