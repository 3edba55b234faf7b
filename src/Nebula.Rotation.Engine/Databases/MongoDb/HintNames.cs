namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>Names of the answers that are no facts of the login.</summary>
internal static class HintNames
{
    /// <summary>The database that the user lives in.</summary>
    public const string AuthSource = "AuthSource";

    /// <summary>What a block left in the user's customData, as <see cref="BlockMark"/> writes it; only there while it is blocked.</summary>
    public const string BlockMark = "BlockMark";
}
