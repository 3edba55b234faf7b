using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>The server's and the driver's exceptions as ours. None of them is passed on: the driver's keep the text of their statement.</summary>
internal static class PostgreSqlErrors
{
    private const string NoRule = "NoRule";

    /// <summary>
    /// True for a login that was refused before anybody looked at its password, since pg_hba.conf has no line for it. Its code is that of other refusals; the name of
    /// the server's routine tells, in every language (ClientAuthentication() in src/backend/libpq/auth.c).
    /// </summary>
    public static bool HasNoRule(RotationException error) => error.Data.Contains(NoRule);

    /// <summary>Why a connection could not be made; null for what is not about connecting.</summary>
    public static RotationException? OfConnecting(Exception error, string endpoint, string username, string database, RotationErrorCode authenticationFailed)
    {
        switch (error)
        {
            case PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } refused:
                var refusal = new RotationException(
                    authenticationFailed,
                    $"{endpoint} refused the login {username}: {refused.MessageText}.",
                    "Check the user name and the password, that the role may log in, and the server's pg_hba.conf.");
                if (refused is { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification, Routine: "ClientAuthentication" })
                    refusal.Data[NoRule] = true;
                return refusal;
            case PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } missing:
                return new(RotationErrorCode.DatabaseError, $"{endpoint} has no such database: {missing.MessageText}.", $"Check the database name '{database}'.");
            case PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow } starting:
                return new(RotationErrorCode.ServerUnreachable, $"{endpoint} takes no connections now: {starting.MessageText}.", "Wait until the server is up, and repeat.");
            case PostgresException other:
                return new(RotationErrorCode.DatabaseError, $"{endpoint} did not let {username} in: {other.MessageText} ({other.SqlState}).", "See the server's message.");
            case ArgumentException argument:
                return new(RotationErrorCode.InvalidArgument, $"{endpoint} cannot be connected to: {argument.Message}", "Check the credential's host name, TLS mode and CA certificate.");
            case TimeoutException or NpgsqlException { InnerException: TimeoutException }:
                return new(RotationErrorCode.ServerUnreachable, $"{endpoint} did not answer in time.", "Check the host name, the port and the network, or allow a longer ConnectionTimeout.");
            case SocketException socket:
                return Unreachable(endpoint, socket);
            case NpgsqlException { InnerException: SocketException socket }:
                return Unreachable(endpoint, socket);
            // Reset, or ended before all was said that a login needs: a server that dies does so, and so does something else that got a question it did not understand.
            case NpgsqlException { InnerException: IOException lost }:
                return new(
                    RotationErrorCode.ServerUnreachable,
                    $"{endpoint} closed the connection during the login ({lost.InnerException?.Message ?? lost.Message}).",
                    "Check that the server runs, and that it is PostgreSQL that listens at this port.");
            case NpgsqlException { InnerException: AuthenticationException tls }:
                return new(RotationErrorCode.ServerUnreachable, $"TLS with {endpoint} failed: {tls.Message}", "Check the TLS mode, the CA certificate and the name in the server's certificate.");
            case NpgsqlException npgsql when npgsql.Message.Contains("SSL", StringComparison.Ordinal) && npgsql.Message.Contains("enabled", StringComparison.Ordinal):
                return new(RotationErrorCode.ServerUnreachable, $"{endpoint} offers no TLS, and the credential's TLS mode asks for it.", "Turn TLS on at the server, or use the mode Prefer or Disable.");
            case NpgsqlException npgsql when npgsql.Message.Contains("password", StringComparison.OrdinalIgnoreCase):
                return new(authenticationFailed, $"{endpoint} asked {username} for a password and none was given.", "Give the password.");
            case NpgsqlException or IOException or NotSupportedException or InvalidOperationException or OverflowException or FormatException:
                return new(
                    RotationErrorCode.UnsupportedServer,
                    $"What answers at {endpoint} does not speak PostgreSQL's protocol ({error.InnerException?.Message ?? error.Message}).",
                    "Check the port, and that the credential's database type is right.");
            default:
                return null;
        }
    }

    /// <summary>Why a statement failed: a transient one as <see cref="TransientDatabaseException"/>. The statement is shown masked.</summary>
    public static Exception OfStatement(Exception error, string endpoint, PlannedStatement? statement)
    {
        if (error is not PostgresException server)
        {
            return error is NpgsqlException or IOException or TimeoutException or ObjectDisposedException or InvalidOperationException
                ? new RotationException(
                    RotationErrorCode.ServerUnreachable,
                    $"The connection to {endpoint} was lost ({error.InnerException?.Message ?? error.Message}).",
                    "Whether the last change was made is not known; resume asks the server.")
                : error;
        }

        var detail = server.SqlState == PostgresErrorCodes.DependentObjectsStillExist && server.Detail is { Length: > 0 } lines ? $" {lines.ReplaceLineEndings("; ")}." : "";
        var where = statement is null ? "" : $" in: {Shorten(statement.MaskedText)}";
        var result = new RotationException(RotationErrorCode.DatabaseError, $"{endpoint}: {server.MessageText} ({server.SqlState}).{detail}{where}", server.Hint);
        return IsTransient(server) ? new TransientDatabaseException(result.Message, result) : result;
    }

    /// <summary>
    /// Errors that a repetition may not meet again (manual, "PostgreSQL Error Codes"). Two changes of one catalog row at a time end as an internal
    /// error without a code of its own, or in the catalog's unique index.
    /// </summary>
    public static bool IsTransient(PostgresException error) => error.SqlState switch
    {
        PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure => true,
        PostgresErrorCodes.InternalError => error.MessageText.StartsWith("tuple concurrently ", StringComparison.Ordinal),
        // Others have locks on many objects, too, and will not have them for ever.
        PostgresErrorCodes.OutOfMemory => error.MessageText == "out of shared memory",
        PostgresErrorCodes.UniqueViolation => error.SchemaName == "pg_catalog",
        _ => false,
    };

    private static RotationException Unreachable(string endpoint, SocketException error) =>
        new(RotationErrorCode.ServerUnreachable, $"{endpoint} cannot be reached: {error.Message}.", "Check the host name, the port, the network and that the server runs.");

    private static string Shorten(string text) => text.Length <= 300 ? text : text[..300] + "…";
}
