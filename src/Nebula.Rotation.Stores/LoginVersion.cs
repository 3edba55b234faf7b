namespace Nebula.Rotation.Stores;

/// <summary>A login and the number of its version.</summary>
public sealed class LoginVersion(int version, Login login)
{
    /// <summary>The version's number.</summary>
    public int Version { get; } = version;

    /// <summary>The login.</summary>
    public Login Login { get; } = login;
}
