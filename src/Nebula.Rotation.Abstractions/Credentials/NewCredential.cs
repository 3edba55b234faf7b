namespace Nebula.Rotation;

/// <summary>What New-NebulaDbCredential asks for.</summary>
public sealed class NewCredential
{
    /// <summary>The credential, with <see cref="DatabaseCredential.Username"/> equal to the login's; id, version and times are set by the store.</summary>
    public required DatabaseCredential Credential { get; init; }

    /// <summary>The login that is live now.</summary>
    public required Login Login { get; init; }

    /// <summary>The admin login to keep with it, or null.</summary>
    public Login? Admin { get; init; }

    /// <summary>Store without connecting first.</summary>
    public bool SkipCheck { get; init; }
}
