namespace Nebula.Rotation.Engine.Reporting;

/// <summary>How a credential stands to its schedule, the worst first.</summary>
internal enum CredentialStatus
{
    /// <summary>Its time is over.</summary>
    Overdue,

    /// <summary>Rotation is refused for now.</summary>
    OnHold,

    /// <summary>Its time is over soon.</summary>
    DueSoon,

    /// <summary>It has time.</summary>
    OnTime,

    /// <summary>Nothing says when.</summary>
    OnDemand,
}
