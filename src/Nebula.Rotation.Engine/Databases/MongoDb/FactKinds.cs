namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>The kinds of fact that this room reads with usersInfo; each has a rule.</summary>
internal static class FactKinds
{
    /// <summary>A role, built-in or the owner's own, of one database. Own roles are shared by both logins, never cloned.</summary>
    public const string Role = "Role";

    /// <summary>One field of the user's customData; its value as canonical extended JSON.</summary>
    public const string CustomData = "CustomData";

    /// <summary>One of the user's authenticationRestrictions, as extended JSON. Those of its roles come with the roles.</summary>
    public const string Restriction = "Restriction";

    /// <summary>A SCRAM mechanism that the user has credentials for.</summary>
    public const string Mechanism = "Mechanism";
}
