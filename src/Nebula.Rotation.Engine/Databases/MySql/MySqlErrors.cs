using System.Net.Sockets;
using System.Security.Authentication;
using MySqlConnector;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>The server's and the driver's exceptions as ours. None of them is passed on: a server's may quote the statement.</summary>
internal static class MySqlErrors
{
    /// <summary>ER_MUST_CHANGE_PASSWORD.</summary>
    public const int MustChangePassword = 1820;

    /// <summary>ER_MUST_CHANGE_PASSWORD_LOGIN.</summary>
    private const int PasswordExpired = 1862;

    /// <summary>ER_ACCOUNT_HAS_BEEN_LOCKED.</summary>
    private const int AccountLocked = 3118;

    /// <summary>ER_SPECIFIC_ACCESS_DENIED_ERROR.</summary>
    private const int SpecificAccessDenied = 1227;

    /// <summary>MariaDB's ER_CONNECTION_KILLED.</summary>
    private const int ConnectionKilled = 1927;

    /// <summary>MariaDB: the account is locked (ER_ACCOUNT_HAS_BEEN_LOCKED there).</summary>
    private const int MariaDbAccountLocked = 4151;

    /// <summary>Too many failed logins (ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK).</summary>
    private const int BlockedByFailures = 3955;

    /// <summary>MariaDB: no password at all would let this account in (ER_ACCESS_DENIED_NO_PASSWORD_ERROR).</summary>
    private const int NoPassword = 1698;

    /// <summary>The server could not be asked to give a certificate that we trust, or a secure way to send the password.</summary>
    private const string NoSecureWay = "secure connection";

    /// <summary>Why a connection could not be made; null for what is not about connecting.</summary>
    public static RotationException? OfConnecting(Exception error, string endpoint, string username, string? database, RotationErrorCode authenticationFailed)
    {
        if (error is MySqlException refused && (int)refused.ErrorCode is > 0 and var number && refused.ErrorCode != MySqlErrorCode.UnableToConnectToHost)
        {
            switch (refused.ErrorCode)
            {
                case MySqlErrorCode.AccessDenied or MySqlErrorCode.HostNotPrivileged or MySqlErrorCode.NotSupportedAuthMode:
                    return Refused(endpoint, username, refused, authenticationFailed);
                case MySqlErrorCode.DatabaseAccessDenied:
                    return new(authenticationFailed, $"{endpoint} lets {username} in, and not into the database '{database}': {refused.Message}", "Check the database's name and the login's rights on it.");
                case MySqlErrorCode.UnknownDatabase:
                    return new(RotationErrorCode.DatabaseError, $"{endpoint} has no database '{database}'.", "Check the database's name.");
                case MySqlErrorCode.ConnectionCountError or MySqlErrorCode.HostIsBlocked or MySqlErrorCode.ServerShutdown or MySqlErrorCode.TooManyUserConnections:
                    return new(RotationErrorCode.ServerUnreachable, $"{endpoint} takes no connection now: {refused.Message}", "Wait, or make room, and repeat.");
                default:
                    if (number is MustChangePassword or PasswordExpired or AccountLocked or MariaDbAccountLocked or BlockedByFailures or NoPassword)
                        return Refused(endpoint, username, refused, authenticationFailed);
                    return new(RotationErrorCode.DatabaseError, $"{endpoint} did not let {username} in: {refused.Message} ({number}).", "See the server's message.");
            }
        }

        for (var inner = error; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case SocketException or TimeoutException:
                    return new(RotationErrorCode.ServerUnreachable, $"{endpoint} cannot be reached: {inner.Message}.", "Check the host name, the port, the network and that the server runs.");
                case AuthenticationException:
                    return new(RotationErrorCode.ServerUnreachable, $"TLS with {endpoint} failed: {inner.Message}", "Check the TLS mode, the CA certificate and the name in the server's certificate.");
                case ArgumentException or FileNotFoundException:
                    return new(RotationErrorCode.InvalidArgument, $"{endpoint} cannot be connected to: {inner.Message}", "Check the credential's host name, TLS mode and CA certificate.");
                default:
                    break;
            }
        }

        if (error is not (MySqlException or IOException or NotSupportedException or InvalidOperationException or FormatException or OverflowException))
            return null;
        if (error.Message.Contains(NoSecureWay, StringComparison.OrdinalIgnoreCase) && error.Message.Contains("caching_sha2", StringComparison.OrdinalIgnoreCase))
        {
            return new(
                RotationErrorCode.ServerUnreachable,
                $"{endpoint} wants {username}'s password, and there is no safe way to send it: neither TLS nor a key of the server that is known to be its own.",
                "Turn TLS on, or give the server's RSA key: -Option @{ ServerPublicKey = '…/public_key.pem' }.");
        }

        if (error.Message.Contains("SSL", StringComparison.Ordinal) || error.Message.Contains("TLS", StringComparison.Ordinal))
            return new(RotationErrorCode.ServerUnreachable, $"TLS with {endpoint} failed: {error.Message}", "Turn TLS on at the server, or use the mode Prefer or Disable; check the CA certificate.");
        if (error is MySqlException { ErrorCode: MySqlErrorCode.UnableToConnectToHost })
            return new(RotationErrorCode.ServerUnreachable, $"{endpoint} cannot be reached: {error.Message}", "Check the host name, the port, the network and that the server runs.");
        return new(
            RotationErrorCode.UnsupportedServer,
            $"What answers at {endpoint} does not speak MySQL's protocol ({error.InnerException?.Message ?? error.Message}).",
            "Check the port, and that the credential's database type is right.");
    }

    /// <summary>Why a statement failed. The statement is shown masked.</summary>
    public static RotationException OfStatement(Exception error, string endpoint, PlannedStatement? statement)
    {
        if (error is RotationException ours)
            return ours;
        if (error is not MySqlException { ErrorCode: not (MySqlErrorCode.UnableToConnectToHost or MySqlErrorCode.None or MySqlErrorCode.CommandTimeoutExpired) } server || IsLost(server))
        {
            return new RotationException(
                RotationErrorCode.ServerUnreachable,
                $"The connection to {endpoint} was lost ({error.InnerException?.Message ?? error.Message}).",
                "Whether the last change was made is not known; resume asks the server.");
        }

        // "… near '…'": the text after it is the statement's own, and may be a hash.
        var message = server.ErrorCode == MySqlErrorCode.ParseError && server.Message.IndexOf(" near ", StringComparison.Ordinal) is > 0 and var near
            ? server.Message[..near]
            : server.Message;
        return new(
            RotationErrorCode.DatabaseError,
            $"{endpoint}: {message} ({(int)server.ErrorCode}).{(statement is null ? "" : $" In: {Shorten(statement.MaskedText)}")}",
            server.ErrorCode == MySqlErrorCode.OptionPreventsStatement ? "The server's setting that the message names stands in the way." : null);
    }

    /// <summary>Why the grant tables could not be read.</summary>
    public static RotationException OfReading(Exception error, string endpoint) =>
        error is MySqlException { ErrorCode: MySqlErrorCode.TableAccessDenied or MySqlErrorCode.ColumnAccessDenied or MySqlErrorCode.DatabaseAccessDenied } or MySqlException { ErrorCode: (MySqlErrorCode)SpecificAccessDenied }
            ? new(RotationErrorCode.AdminPrivilegeMissing, $"{endpoint} does not let the admin login read what it must: {error.Message}", "Grant it SELECT on mysql.* and on what the message names.")
            : OfStatement(error, endpoint, null);

    /// <summary>Errors that a repetition may not meet again: a lock was not to be had in time.</summary>
    public static bool IsTransient(Exception error) =>
        error is MySqlException { ErrorCode: MySqlErrorCode.LockWaitTimeout or MySqlErrorCode.LockDeadlock };

    /// <summary>Whether the exception is one of the driver's, of the connection's or of the server's.</summary>
    public static bool IsOfDriver(Exception error) =>
        error is MySqlException or IOException or SocketException or TimeoutException or ObjectDisposedException or InvalidOperationException;

    private static bool IsLost(MySqlException error) =>
        error.ErrorCode is (MySqlErrorCode)ConnectionKilled or MySqlErrorCode.ServerShutdown or MySqlErrorCode.UnknownCommand
        || error.InnerException is IOException or SocketException or EndOfStreamException;

    private static RotationException Refused(string endpoint, string username, MySqlException error, RotationErrorCode code) =>
        new(code, $"{endpoint} refused the login {username}: {error.Message}", "Check the user name and the password, that the account is not locked, and from which hosts it may log in.");

    private static string Shorten(string text) => text.Length <= 300 ? text : text[..300] + "…";
}
