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
