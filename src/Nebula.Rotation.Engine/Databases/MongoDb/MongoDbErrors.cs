using System.Net.Sockets;
using System.Security.Authentication;
using MongoDB.Bson;
using MongoDB.Driver;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>The driver's exceptions as ours. None of them is passed on: they keep the command, and the command may hold a password.</summary>
internal static class MongoDbErrors
{
    /// <summary>
    /// What a repetition may not meet again: the primary stepped down or shuts down, a time limit of the server, a lock, a write concern that timed out
    /// (manual, "Error Codes"; the drivers' specification of retryable errors). Each change can be repeated, whether or not it had happened.
    /// </summary>
    private static readonly int[] TransientNumbers =
        [6, 7, 24, 46, 50, 64, 89, 91, 100, 112, 117, 134, 189, 202, 262, 317, 358, 384, 9001, 10058, 10107, 11600, 11602, 13435, 13436];

    /// <summary>Why a connection could not be made; null for what is not about connecting.</summary>
    public static RotationException? OfConnecting(Exception error, string endpoint, string username, string authSource, RotationErrorCode authenticationFailed, ClusterReason? reason)
    {
        switch (error)
        {
            case MongoAuthenticationException when Find<MongoCommandException>(error) is { } refused && !IsTransient(refused.Code):
                return new(
                    authenticationFailed,
                    $"{endpoint} refused the login {username} of the database {authSource}: {Sentence(refused.ErrorMessage)} ({refused.Code}).",
                    $"Check the user name and the password, that the user lives in '{authSource}' (else -Option @{{ {MongoDbOptions.AuthSourceName} = '…' }}), and that its authenticationRestrictions let this machine in.");
            case MongoAuthenticationException when Find<SocketException>(error) is null && Find<IOException>(error) is null:
                return new(authenticationFailed, $"{endpoint} could not authenticate {username}: {Sentence(Root(error).Message)}.", "Check the user's mechanisms: SCRAM-SHA-256 or SCRAM-SHA-1.");
            case MongoIncompatibleDriverException incompatible:
                return new(RotationErrorCode.UnsupportedServer, $"{endpoint} is too old or too new for this version: {Sentence(incompatible.Message)}.", "Use MongoDB 6 or later.");
            case MongoConfigurationException configuration:
                return new(RotationErrorCode.ServerUnreachable, $"{endpoint} cannot be found: {Sentence(Root(configuration).Message)}.", "Check the host name; with Srv it is the name of an SRV record.");
            case TimeoutException:
                return reason?.Exception is { } heartbeat && OfConnecting(heartbeat, endpoint, username, authSource, authenticationFailed, null) is { } found
                    ? found
                    : new(
                        RotationErrorCode.ServerUnreachable,
                        $"{endpoint} did not answer in time{(reason?.Text is { Length: > 0 } text ? $": {text}" : "")}.",
                        "Check the host names, the port, the network and the replica set's name, or allow a longer ConnectionTimeout.");
        }

        if (Find<AuthenticationException>(error) is { } tls)
            return new(RotationErrorCode.ServerUnreachable, $"TLS with {endpoint} failed: {Sentence(tls.Message)}.", "Check the TLS mode, the CA certificate and the name in the server's certificate.");
        if (Find<SocketException>(error) is { } socket)
            return Unreachable(endpoint, socket);
        return error switch
        {
            MongoConnectionException or IOException => new(
                RotationErrorCode.ServerUnreachable,
                $"The connection to {endpoint} ended ({Sentence(Root(error).Message)}).",
                "Check the port, the TLS mode, and that what answers there is a MongoDB server."),
            FormatException or BsonException or MongoException or NotSupportedException or OverflowException => new(
                RotationErrorCode.UnsupportedServer,
                $"What answers at {endpoint} does not speak MongoDB's protocol ({Sentence(Root(error).Message)}).",
                "Check the port, and that the credential's database type is right."),
            _ => null,
        };
    }

    public static RotationException Unreachable(string endpoint, SocketException error) =>
        new(RotationErrorCode.ServerUnreachable, $"{endpoint} cannot be reached: {Sentence(error.Message)}.", "Check the host name, the port, the network and that the server runs.");

    /// <summary>
    /// Why a command failed: the server's answer as <see cref="MongoDbCommandError"/>, what may pass as <see cref="TransientDatabaseException"/>, and the rest
    /// as a <see cref="RotationException"/>.
    /// </summary>
    public static Exception OfCommand(Exception error, string endpoint)
    {
        switch (error)
        {
            case MongoCommandException { Code: var code } command when !IsTransient(code):
                return new MongoDbCommandError(code, command.CodeName ?? "", Sentence(command.ErrorMessage));
            case MongoCommandException command:
                return Transient(endpoint, $"{Sentence(command.ErrorMessage)} ({command.Code} {command.CodeName})");
            case MongoAuthenticationException:
                return new RotationException(RotationErrorCode.AdminAuthenticationFailed, $"{endpoint} does not take the admin login any more.", "Check the admin's password and roles.");
            case MongoConnectionException or MongoConnectionPoolPausedException or MongoExecutionTimeoutException or IOException or SocketException or EndOfStreamException:
                return Transient(endpoint, Sentence(Root(error).Message));
            case TimeoutException:
                return new RotationException(
                    RotationErrorCode.ServerUnreachable,
                    $"No server at {endpoint} takes commands now.",
                    "Whether the last change was made is not known; resume asks the server.");
            case MongoException:
                return new RotationException(RotationErrorCode.DatabaseError, $"{endpoint}: {Sentence(error.Message)}.");
            default:
                return error;
        }
    }

    public static TransientDatabaseException Transient(string endpoint, string reason)
    {
        var message = $"{endpoint}: {reason}.";
        return new(message, new RotationException(RotationErrorCode.ServerUnreachable, message, "Whether the last change was made is not known; resume asks the server."));
    }

    public static bool IsTransient(int number) => TransientNumbers.Contains(number);

    private static T? Find<T>(Exception? error)
        where T : Exception
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is T found)
                return found;
        }

        return null;
    }

    private static Exception Root(Exception error)
    {
        while (error.InnerException is { } inner)
            error = inner;
        return error;
    }

    private static string Sentence(string? text) => (text ?? "").ReplaceLineEndings(" ").TrimEnd('.', ' ');
}
