namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>An error reply, in the server's words: a code in capitals, then a sentence.</summary>
internal sealed record RespError(string Message)
{
    public bool Is(string code) => Message.StartsWith(code, StringComparison.Ordinal) && (Message.Length == code.Length || Message[code.Length] == ' ');

    /// <summary>A command or subcommand that this server does not have.</summary>
    public bool IsUnknownCommand => Message.StartsWith("ERR unknown", StringComparison.OrdinalIgnoreCase);
}
