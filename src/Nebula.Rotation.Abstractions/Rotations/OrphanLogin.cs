namespace Nebula.Rotation;

/// <summary>A login on a credential's server that a rotation made, or seems to have made, and that nothing in the store needs any more.</summary>
public sealed record OrphanLogin
{
    /// <summary>The credential's name.</summary>
    public required string Credential { get; init; }

    /// <summary>The credential's scope.</summary>
    public required string Scope { get; init; }

    /// <summary>The kind of server.</summary>
    public required DatabaseType DatabaseType { get; init; }

    /// <summary>The login's name.</summary>
    public required string Username { get; init; }

    /// <summary>True when somebody could log in as it.</summary>
    public required bool CanLogIn { get; init; }

    /// <summary>
    /// True when it is proved to be this credential's: it takes the password that the journal has, or the journal says that it was retired and it is disabled
    /// since. Only such a one can be removed with -Remove.
    /// </summary>
    public required bool IsOurs { get; init; }

    /// <summary>The newest rotation that names it, or null.</summary>
    public Guid? RotationId { get; init; }

    /// <summary>Why it is listed, and what to do where it is not proved to be ours.</summary>
    public required string Reason { get; init; }

    /// <summary>The login's name.</summary>
    public override string ToString() => Username;
}
