namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>What goes wrong with one command.</summary>
internal enum WireFault
{
    None,

    /// <summary>The connection breaks before the command is looked at.</summary>
    BreaksBefore,

    /// <summary>The command is done, and the answer is lost.</summary>
    BreaksAfter,

    /// <summary>The member steps down, and refuses the command for that.</summary>
    StepsDown,

    /// <summary>The command is done, the member steps down, and the answer is lost.</summary>
    StepsDownAfter,
}
