using Nebula.Rotation.Engine.Databases;

namespace Nebula.Rotation.Engine.Publishing;

/// <summary>A target, the login that it is about, and what a publisher may ask.</summary>
internal sealed class TargetContext
{
    public required PublishTarget Target { get; init; }

    /// <summary>The credential, as it reads with <see cref="Login"/>.</summary>
    public required DatabaseCredential Credential { get; init; }

    public required IDatabaseEngine Engine { get; init; }

    /// <summary>The login to publish.</summary>
    public required Login Login { get; init; }

    /// <summary>The login that it takes over from; null when nothing is published, only looked at.</summary>
    public Login? Previous { get; init; }

    public Guid RotationId { get; init; }

    public bool IsRollback { get; init; }

    /// <summary>Who runs what needs the caller's own session; null when nobody is there.</summary>
    public IRotationObserver? Observer { get; init; }

    /// <summary>What the server keeps of a login's password, or null when it does not tell.</summary>
    public Func<string, CancellationToken, Task<string?>> ReadVerifierAsync { get; init; } = (_, _) => Task.FromResult<string?>(null);

    /// <summary>Another credential of the same scope with its live login, by name; null when there is none.</summary>
    public Func<string, CancellationToken, Task<(DatabaseCredential Credential, Login Login)?>> FindCredentialAsync { get; init; } =
        (_, _) => Task.FromResult<(DatabaseCredential, Login)?>(null);

    /// <summary>The same for the login before.</summary>
    public PublishContext ToPublishContext() => new()
    {
        RotationId = RotationId,
        Credential = Credential,
        Login = Login,
        PreviousUsername = Previous?.Username ?? "",
        PreviousLogin = Previous,
        IsRollback = IsRollback,
        Entries = Secrets(Login),
        PreviousEntries = Previous is null ? new Dictionary<string, Secret>() : Secrets(Previous),
    };

    private Dictionary<string, Secret> Secrets(Login login) => TargetEntries.Of(this, login, [])
        .ToDictionary(entry => entry.Name, entry => new Secret(entry.Value), StringComparer.Ordinal);
}
