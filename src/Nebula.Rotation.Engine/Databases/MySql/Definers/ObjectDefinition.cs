namespace Nebula.Rotation.Engine.Databases.MySql.Definers;

/// <summary>How an object was made, for making it again with another definer and nothing else changed.</summary>
internal sealed record ObjectDefinition
{
    public required string Database { get; init; }

    public required string Name { get; init; }

    /// <summary>What stands between CREATE and the definer: a view's algorithm.</summary>
    public required string Head { get; init; }

    /// <summary>What stands after the definer; for routines and triggers what stands after their name.</summary>
    public required string Tail { get; init; }

    /// <summary>The words between the definer and the name.</summary>
    public string TypeWords { get; init; } = "";

    /// <summary>The sql_mode that it was made with, which it keeps.</summary>
    public string? SqlMode { get; init; }

    public string? CharacterSetClient { get; init; }

    public string? CollationConnection { get; init; }

    /// <summary>A trigger's table, quoted.</summary>
    public string? Table { get; init; }

    /// <summary>FOLLOWS or PRECEDES and a name, which puts a trigger back into its place; null when it is alone.</summary>
    public string? Order { get; init; }

    /// <summary>Whether an event stays when it is over; what ALTER EVENT must say to say anything.</summary>
    public bool? Preserves { get; init; }

    public string? TimeZone { get; init; }

    /// <summary>What everybody has on a routine, as the ends of GRANT statements: it goes with the routine where that is dropped to be made again.</summary>
    public IReadOnlyList<string> Grants { get; init; } = [];
}
