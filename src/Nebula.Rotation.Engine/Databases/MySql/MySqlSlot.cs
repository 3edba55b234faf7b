using System.Text.Json;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>What the change unit puts into a statement's slot.</summary>
/// <param name="Purpose">How the password goes there.</param>
/// <param name="Username">The account's user name.</param>
/// <param name="Host">The account's host.</param>
/// <param name="Plugins">How the account proves itself, in the account's order.</param>
internal sealed record MySqlSlot(MySqlSlotPurpose Purpose, string Username, string Host, IReadOnlyList<string> Plugins)
{
    public static MySqlSlot Parse(string text) => JsonSerializer.Deserialize<MySqlSlot>(text)!;

    public override string ToString() => JsonSerializer.Serialize(this);
}

internal enum MySqlSlotPurpose
{
    /// <summary>A hash for the first plugin, after AS or USING, and for further ones what follows.</summary>
    Hash,

    /// <summary>The clause that makes an account take a password beside the one that it takes.</summary>
    Add,

    /// <summary>The clause that makes an account take one of its passwords and no other.</summary>
    Keep,
}
