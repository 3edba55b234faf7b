using System.Net.Sockets;
using System.Security.Authentication;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>What went wrong, in words that help. No message repeats an argument of a command.</summary>
internal static class RedisErrors
{
    /// <summary>Connecting failed before the login was asked for.</summary>
    public static Exception OfConnecting(Exception error, RedisEndpoint endpoint, DatabaseCredential credential) => error switch
    {
        RotationException => error,
        SocketException socket => Unreachable(endpoint, socket.Message, "Check the host name, the port, the network and that the server runs."),
        AuthenticationException tls => Unreachable(
            endpoint,
            $"TLS failed: {tls.InnerException?.Message ?? tls.Message}",
            "Check -SslMode, -CACertificate, the names in the server's certificate, and the options ClientCertificate and ClientKey."),
        OperationCanceledException => Unreachable(
            endpoint, $"No answer within {credential.ConnectionTimeout.TotalSeconds:0} s", "Check the port and -SslMode: a plain port does not answer to TLS."),
        InvalidDataException => new RotationException(RotationErrorCode.UnsupportedServer, $"{endpoint}: {error.Message}", "Check the host name and the port."),
        IOException => Unreachable(
            endpoint, error.InnerException?.Message ?? error.Message, "Check -SslMode: a TLS port closes on a client without TLS, or without the certificate that it asks for."),
        _ => error,
    };

    /// <summary>AUTH was refused.</summary>
    public static RotationException OfLogin(RespError error, RedisEndpoint endpoint, string username, RotationErrorCode refused) => error switch
    {
        _ when error.Is("WRONGPASS") => new(refused, $"{endpoint} refused '{username}': {Sentence(error)}", "Check the user name and the password on that node: each node has its own users."),
        _ when error.Message.Contains("without any password configured", StringComparison.Ordinal) => new(
            refused, $"{endpoint} refused '{username}': the user has no password there, and needs none.", "Give it one (ACL SETUSER … resetpass >password): a login that everybody has cannot be rotated."),
        _ when error.Message.Contains("wrong number of arguments", StringComparison.Ordinal) => TooOld(endpoint, null),
        _ when error.Is("DENIED") => new(RotationErrorCode.ServerUnreachable, $"{endpoint} is in protected mode: {Sentence(error)}", "Set a password for its default user, or protected-mode no, or connect from that machine."),
        _ when error.Is("LOADING") || error.Is("BUSY") || error.Message.StartsWith("ERR max number of clients", StringComparison.Ordinal) =>
            new(RotationErrorCode.ServerUnreachable, $"{endpoint}: {Sentence(error)}", "Try again in a while."),
        _ => new(refused, $"{endpoint} refused '{username}': {Sentence(error)}"),
    };

    /// <summary>A server without users.</summary>
    public static RotationException TooOld(RedisEndpoint endpoint, string? version) => new(
        RotationErrorCode.UnsupportedServer,
        $"{endpoint} {(version is null ? "has no users (ACL)" : $"is version {version}, which has no users (ACL)")}: they came with Redis 6.",
        "Redis 6 and later and Valkey are supported.");

    /// <summary>A command was refused.</summary>
    public static RotationException OfCommand(RespError error, RedisEndpoint endpoint, string command) => error switch
    {
        _ when error.Is("NOPERM") => new(
            RotationErrorCode.AdminPrivilegeMissing, $"{endpoint}: the admin may not run {command}: {Sentence(error)}", "Give it the right with ACL SETUSER, or give another login with -AdminCredential."),
        _ when error.Is("NOAUTH") => new(RotationErrorCode.AdminAuthenticationFailed, $"{endpoint}: {command} needs a login.", "Give an admin with -AdminCredential."),
        _ when error.Is("LOADING") => new(RotationErrorCode.ServerUnreachable, $"{endpoint}: {Sentence(error)}", "Try again in a while."),
        _ when error.Is("DENIED") => new(RotationErrorCode.ServerUnreachable, $"{endpoint} is in protected mode: {Sentence(error)}", "Set a password for its default user, or protected-mode no, or connect from that machine."),
        _ => new(RotationErrorCode.DatabaseError, $"{endpoint}: {command} failed: {Sentence(error)}"),
    };

    /// <summary>A connection broke in the middle.</summary>
    public static RotationException OfConnection(Exception error, RedisEndpoint endpoint) => error as RotationException ?? new(
        error is InvalidDataException ? RotationErrorCode.UnsupportedServer : RotationErrorCode.ServerUnreachable,
        $"The connection to {endpoint} was lost ({error.InnerException?.Message ?? error.Message}).",
        "Whether the last change was made there is not known; resume asks the server.");

    private static RotationException Unreachable(RedisEndpoint endpoint, string reason, string action) =>
        new(RotationErrorCode.ServerUnreachable, $"{endpoint} cannot be reached: {reason.TrimEnd('.')}.", action);

    private static string Sentence(RespError error)
    {
        var space = error.Message.IndexOf(' ', StringComparison.Ordinal);
        var text = (space > 0 && error.Message[..space].All(char.IsUpper) ? error.Message[(space + 1)..] : error.Message).Trim().TrimEnd('.');
        return text + ".";
    }
}
