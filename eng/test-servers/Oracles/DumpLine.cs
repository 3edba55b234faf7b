namespace Nebula.Rotation.TestServers.Oracles;

/// <summary>What a line of a dump is about.</summary>
internal enum DumpKind
{
    /// <summary>That a role exists.</summary>
    Role,

    /// <summary>One attribute of a role: LOGIN, CONNECTION LIMIT 5, that it has a password.</summary>
    Attribute,

    /// <summary>A setting of a role or a database.</summary>
    Setting,

    /// <summary>That a role is a member of another.</summary>
    Membership,

    /// <summary>One privilege on one object.</summary>
    Grant,

    /// <summary>One privilege that is missing where it is there by default.</summary>
    Revoke,

    /// <summary>One privilege on objects to come.</summary>
    DefaultPrivilege,

    /// <summary>Who owns an object.</summary>
    Owner,

    /// <summary>A row level security policy.</summary>
    Policy,

    /// <summary>A user mapping for a foreign server.</summary>
    UserMapping,

    /// <summary>A comment or a security label.</summary>
    Comment,

    /// <summary>Everything else: what an object is.</summary>
    Definition,
}

/// <param name="Database">The database; null for what belongs to the whole cluster.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="Text">The statement, in one form.</param>
/// <param name="Roles">The roles that stand in it as roles, by their own names.</param>
internal sealed record DumpLine(string? Database, DumpKind Kind, string Text, IReadOnlySet<string> Roles)
{
    /// <summary>The line that is compared, and that a difference shows.</summary>
    public override string ToString() => $"[{Database ?? "cluster"}] {Kind}: {Text}";
}
