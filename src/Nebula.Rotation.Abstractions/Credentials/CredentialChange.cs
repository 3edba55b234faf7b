namespace Nebula.Rotation;

/// <summary>What Set-NebulaDbCredential changes.</summary>
public sealed class CredentialChange
{
    /// <summary>Makes the changed record from the stored one. Id, name, user name and version cannot be changed this way.</summary>
    public required Func<DatabaseCredential, DatabaseCredential> Apply { get; init; }

    /// <summary>A new admin login to keep, or null to leave it.</summary>
    public Login? Admin { get; init; }

    /// <summary>
    /// A new live login, for a password that was changed by hand; it must log in. Null to leave it. Refused while a rotation is open.
    /// </summary>
    public Login? Login { get; init; }

    /// <summary>True to take publish targets that cannot be written here and now.</summary>
    public bool SkipTargetCheck { get; init; }
}
