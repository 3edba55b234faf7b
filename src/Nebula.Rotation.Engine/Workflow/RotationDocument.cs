using System.Text.Json;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>
/// All that undoing or finishing a rotation needs, durable before anything is touched. Holds both passwords: the store encrypts it whole.
/// </summary>
internal sealed class RotationDocument
{
    public required RotationSettings Settings { get; set; }

    /// <summary>The login that is live when the rotation begins.</summary>
    public required DocumentLogin From { get; set; }

    /// <summary>The login that takes its place.</summary>
    public required DocumentLogin To { get; set; }

    /// <summary>The facts of <see cref="From"/> that were planned with.</summary>
    public required LoginSnapshot Source { get; init; }

    /// <summary>What <see cref="To"/> was like before: it says whether the name was absent, blocked, or in use.</summary>
    public required LoginSnapshot TargetBefore { get; init; }

    /// <summary>
    /// When the new login was about to be told to the first consumer: a session that is older came with the old one. Null until then.
    /// </summary>
    public DateTimeOffset? AnnouncedAt { get; set; }

    /// <summary>
    /// Where this record reverses one with two passwords: sessions that are older came with the one that it makes live again, and are not waited for.
    /// </summary>
    public DateTimeOffset? FaithfulBefore { get; init; }

    /// <summary>The facts of <see cref="From"/> as they were when Retire began to move them; null until then.</summary>
    public LoginSnapshot? SourceBeforeMove { get; set; }

    /// <summary>The facts of <see cref="To"/> when the record was closed: what drift is measured against. Null until then.</summary>
    public LoginSnapshot? Final { get; set; }

    /// <summary>Why <see cref="From"/> was disabled for good instead of dropped; null when it was not.</summary>
    public string? DisabledBecause { get; set; }

    /// <summary>Why <see cref="From"/> stays on the server, where nobody can log in as it; null when it does not.</summary>
    public string? KeptBecause { get; set; }

    /// <summary>What becomes of the old login in the end: dropped, or left idle for its next turn.</summary>
    public RotationStrategy Strategy { get; init; }

    /// <summary>True when <see cref="To"/> is there already and gets the password that stands here.</summary>
    public bool SetsPassword { get; init; }

    /// <summary>The publish targets, as they were when the rotation began.</summary>
    public IReadOnlyList<PublishTarget> Targets { get; init; } = [];

    /// <summary>What taking each of them back needs, by its id; empty before the first is touched, and after the flip.</summary>
    public Dictionary<Guid, string> Prepared { get; init; } = [];

    /// <summary>True when a -Publish script is part of it: whoever reverses it needs the script, too.</summary>
    public bool HasScript { get; init; }

    /// <summary>The state of the rotation that this one reverses, to return to if the reversal fails; null when it reverses none.</summary>
    public RotationState? ReversedState { get; init; }

    /// <summary>Forgets the passwords of some versions.</summary>
    public void Forget(IReadOnlyCollection<int> versions)
    {
        if (versions.Contains(From.Version))
            From = From.WithoutPassword();
        if (versions.Contains(To.Version))
            To = To.WithoutPassword();
    }

    public byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(this);

    public static RotationDocument Deserialize(ReadOnlyMemory<byte> bytes) => JsonSerializer.Deserialize<RotationDocument>(bytes.Span)!;
}
