namespace Nebula.Rotation;

/// <summary>A user name and its password, as a server takes them. Not a record: a record's ToString would print its members.</summary>
public sealed class Login
{
    /// <summary>Pairs a name with a password.</summary>
    public Login(string username, Secret password)
    {
        ArgumentNullException.ThrowIfNull(username);
        ArgumentNullException.ThrowIfNull(password);
        Username = username;
        Password = password;
    }

    /// <summary>The user name, unquoted, as the server's catalog has it.</summary>
    public string Username { get; }

    /// <summary>The password.</summary>
    public Secret Password { get; }

    /// <summary>The user name only.</summary>
    public override string ToString() => Username;
}
