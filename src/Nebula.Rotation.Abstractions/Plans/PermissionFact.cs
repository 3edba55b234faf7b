namespace Nebula.Rotation;

/// <summary>
/// One thing that a server's catalog says about a login. Where a role of the fact is the login itself, <see cref="Login"/> stands for it, so that
/// the facts of two logins can be compared.
/// </summary>
public sealed record PermissionFact
{
    /// <summary>Stands for the login that the facts are about.</summary>
    public const string Login = "${login}";

    /// <summary>The kind: names the engine's rule that reproduces it, such as Attribute, Setting, MemberOf, Privilege, Owner.</summary>
    public required string Kind { get; init; }

    /// <summary>The database it lives in, or null for the whole server.</summary>
    public string? Database { get; init; }

    /// <summary>The kind of object, in the engine's own word (TABLE, SCHEMA, ROLE), or null.</summary>
    public string? ObjectType { get; init; }

    /// <summary>The object, quoted as the engine's statements name it, or null.</summary>
    public string? ObjectName { get; init; }

    /// <summary>The part of the object, quoted (a column), or null.</summary>
    public string? SubName { get; init; }

    /// <summary>Who owns the object, where the engine must know it to tell a grant of the owner from another's, or null.</summary>
    public string? ObjectOwner { get; init; }

    /// <summary>The privilege, attribute or setting.</summary>
    public required string Name { get; init; }

    /// <summary>The value of an attribute or setting, or null.</summary>
    public string? Value { get; init; }

    /// <summary>Who gave it, or null when the engine does not say.</summary>
    public string? Grantor { get; init; }

    /// <summary>Who has it, when that is not the login itself, or null.</summary>
    public string? Grantee { get; init; }

    /// <summary>True when it may be passed on: WITH GRANT OPTION, WITH ADMIN OPTION.</summary>
    public bool WithGrantOption { get; init; }

    /// <summary>True when only one login can have it (ownership): it moves at Retire instead of being cloned.</summary>
    public bool IsExclusive { get; init; }

    /// <summary>The fact in words.</summary>
    public override string ToString()
    {
        var text = new System.Text.StringBuilder(Kind).Append(' ').Append(Name);
        if (Value is not null)
            text.Append('=').Append(Value);
        if (SubName is not null)
            text.Append(" (").Append(SubName).Append(')');
        if (ObjectName is not null)
            text.Append(" on ").Append(ObjectType).Append(' ').Append(ObjectName);
        if (Grantee is not null)
            text.Append(" to ").Append(Grantee);
        if (WithGrantOption)
            text.Append(" with grant option");
        if (Grantor is not null)
            text.Append(" by ").Append(Grantor);
        if (Database is not null)
            text.Append(" in ").Append(Database);
        return text.ToString();
    }
}
