namespace Nebula.Rotation;

/// <summary>How the second login comes to be.</summary>
public enum RotationStrategy
{
    /// <summary>A login with a new name at each rotation; the default.</summary>
    DualUser,

    /// <summary>Two fixed names that take turns: for names that pg_hba rules, scripts or policies mention.</summary>
    AlternatingUsers,

    /// <summary>One name with two passwords at once, where the server has that.</summary>
    DualPassword,
}
