using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>
/// What a report calls a statement: its verb and what that is about, whatever the protocol wraps them in. No more than that, since what comes next may be a
/// password. Of several in one packet, the first that changes something.
/// </summary>
internal static partial class StatementLabel
{
    public static string Of(ReadOnlySpan<byte> packet)
    {
        var text = Encoding.Latin1.GetString(packet);
        var found = Changing().Match(text);
        if (!found.Success)
            found = Asking().Match(text);
        return found.Success ? string.Join(' ', found.Groups.Values.Skip(1).Where(group => group.Success).Select(group => group.Value)) : "other";
    }

    /// <summary>The end of a transaction that changed something, as against one that only looked.</summary>
    public const string ChangeCommitted = "COMMIT of changes";

    /// <summary>
    /// False for what a client says without waiting for an answer: PostgreSQL's Terminate and MySQL's COM_QUIT, and a BEGIN by itself, which PostgreSQL's driver
    /// sends ahead of the first statement.
    /// </summary>
    public static bool IsAwaited(ReadOnlySpan<byte> packet) =>
        !packet.SequenceEqual("X\0\0\0\u0004"u8) && !packet.SequenceEqual("\u0001\0\0\0\u0001"u8)
        && !(packet.Length > 5 && packet[0] == 'Q' && packet[5..].StartsWith("BEGIN"u8) && BinaryPrimitives.ReadInt32BigEndian(packet[1..]) == packet.Length - 1);

    /// <summary>PostgreSQL's answer to a BEGIN by itself (manual, "Message Formats": CommandComplete, ReadyForQuery).</summary>
    public static bool AnswersBegin(ReadOnlySpan<byte> packet) => packet.SequenceEqual("C\0\0\0\nBEGIN\0Z\0\0\0\u0005T"u8);

    /// <summary>Whether a statement of that name changes something: what can be half done.</summary>
    public static bool Changes(string label) => label == ChangeCommitted || Changing().IsMatch(label);

    // A verb begins a statement where nothing stands before it that a text within one could have, or a semicolon.
    [GeneratedRegex(
        @"(?:(?:(?<![\w'"" ,(.\n])|(?<=;\s{0,2}))(CREATE|ALTER|DROP|GRANT|REVOKE|REASSIGN)\s+(\w+)|(?<!\w)(ACL|CONFIG)(?:\s+\$\d+)?\s+(SETUSER|DELUSER|SAVE|REWRITE)|(?<!\w)(createUser|updateUser|dropUser|grantRolesToUser|revokeRolesFromUser))\b",
        RegexOptions.CultureInvariant)]
    private static partial Regex Changing();

    /// <summary>Anything else is the driver's own: a handshake, a close; or sent over TLS.</summary>
    [GeneratedRegex(
        @"(?<![\w'"" ,(.])(?:(SELECT|WITH|SHOW|BEGIN|COMMIT|ROLLBACK|SET|AUTH|HELLO|INFO|PING|ROLE|CLIENT)|(ACL|CONFIG|COMMAND)(?:\s+\$\d+)?\s+(\w+)"
        + "|(usersInfo|rolesInfo|hello|isMaster|ping|aggregate|saslStart|saslContinue|connectionStatus|find|endSessions|getParameter|killOp|buildInfo|serverStatus))",
        RegexOptions.CultureInvariant)]
    private static partial Regex Asking();
}
