namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>
/// What a server answered to a command. The driver's own exception keeps the command, password and all, and never leaves the room; nor does this one,
/// which is there to be told apart by its number.
/// </summary>
internal sealed class MongoDbCommandError(int number, string name, string text) : Exception(text)
{
    public const int UserNotFound = 11;
    public const int Unauthorized = 13;
    public const int CommandNotFound = 59;
    public const int UserExists = 51003;

    /// <summary>The server's number.</summary>
    public int Number { get; } = number;

    /// <summary>The server's word for it, such as Unauthorized; may be empty.</summary>
    public string Name { get; } = name;

    /// <summary>True where an admin lacks the right, or a compatible server lacks the command.</summary>
    public bool IsRefused => Number is Unauthorized or CommandNotFound or 115 or 238;

    public RotationException ToRotationException(string endpoint, PlannedStatement? statement = null) => new(
        Number == Unauthorized ? RotationErrorCode.AdminPrivilegeMissing : RotationErrorCode.DatabaseError,
        $"{endpoint}: {Message} ({Number}{(Name.Length > 0 ? " " + Name : "")}).{(statement is null ? "" : $" In: {Shorten(statement.MaskedText)}")}",
        Number == Unauthorized ? "Grant the admin the right that the message names, or give another login with -AdminCredential." : null);

    private static string Shorten(string text) => text.Length <= 300 ? text : text[..300] + "…";
}
