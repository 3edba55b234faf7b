namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>Where, in what a runner does, a fault strikes.</summary>
internal enum Moment
{
    /// <summary>A write to the store is about to be made.</summary>
    BeforeWrite,

    /// <summary>A write to the store is durable, and the runner does not know it yet.</summary>
    AfterWrite,

    /// <summary>The runner has sent a statement, and the server has seen nothing of it.</summary>
    BeforeSend,

    /// <summary>The server has been sent the statement's first half, and then the connection breaks.</summary>
    HalfSent,

    /// <summary>The server has the statement, and works on it or has not begun.</summary>
    InFlight,

    /// <summary>The server has done what it was told, and its answer never arrives.</summary>
    AnswerLost,

    /// <summary>The answer has arrived.</summary>
    AfterAnswer,
}
