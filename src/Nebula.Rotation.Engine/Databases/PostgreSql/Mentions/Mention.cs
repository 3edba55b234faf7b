namespace Nebula.Rotation.Engine.Databases.PostgreSql.Mentions;

/// <summary>Something that knows the login by its name, which a rotation changes.</summary>
/// <param name="ObjectName">What it is, and where.</param>
/// <param name="Reason">What it says.</param>
/// <param name="Action">What to do; null where the rotation changes nothing that anybody could rely on, and it is only said.</param>
internal sealed record Mention(string ObjectName, string Reason, string? Action)
{
    public PlanBlocker ToBlocker() => new(ObjectName, Reason, $"{Action} Or allow what is found: -Option @{{ {PostgreSqlOptions.AllowName} = '{PostgreSqlOptions.Mentions}' }}.");

    public override string ToString() => Action is null ? $"{ObjectName}: {Reason}" : $"{ObjectName}: {Reason} {Action}";
}
