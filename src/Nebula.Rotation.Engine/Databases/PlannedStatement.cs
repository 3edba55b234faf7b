namespace Nebula.Rotation.Engine.Databases;

/// <summary>A statement made by a planner. Its text never holds a password or verifier: a slot stands where one goes.</summary>
internal sealed record PlannedStatement
{
    /// <summary>What a plan shows in the slot's place.</summary>
    public const string Mask = "'***'";

    public required RotationStage Stage { get; init; }

    /// <summary>The database to run in; null for any.</summary>
    public string? Database { get; init; }

    /// <summary>The text, or its part before the slot.</summary>
    public required string Text { get; init; }

    /// <summary>The text after the slot; null when there is no slot.</summary>
    public string? TextAfterPassword { get; init; }

    /// <summary>How many objects it names. Where the server keeps a lock for each until the unit's end, a unit may have to end before the next statement.</summary>
    public int Objects { get; init; } = 1;

    /// <summary>True when the statement before it must be in the same transaction.</summary>
    public bool IsJoined { get; init; }

    /// <summary>
    /// What goes into the slot where it is not one thing for every statement: a room's own word, which its change unit understands. Null for the room's
    /// usual form.
    /// </summary>
    public string? SlotForm { get; init; }

    /// <summary>The rule that made it: what the mutation check switches off.</summary>
    public string? Rule { get; init; }

    public bool CarriesPassword => TextAfterPassword is not null;

    public string MaskedText => CarriesPassword ? Text + Mask + TextAfterPassword : Text;

    public PlanStatement ToPlanStatement() => new(Stage, Database, MaskedText);
}
