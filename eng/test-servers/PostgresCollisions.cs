using Npgsql;

namespace Nebula.Rotation.TestServers;

/// <summary>
/// Tests share a server, and with it what it has once: roles, databases, parameters. Of two who change one row of those catalogs at a time the server turns one away instead of
/// letting it wait; and a database is not copied or dropped while a session that was told to go has not gone. What a test sets up or clears away is done again then.
/// </summary>
internal static class PostgresCollisions
{
    private const int Tries = 100;

    private static readonly string[] CommitsByItself = ["COMMIT", "ROLLBACK", "PREPARE TRANSACTION"];

    /// <summary>Whether nothing of a text is kept when one of its statements fails: they are sent as one transaction unless they say otherwise.</summary>
    public static bool IsAllOrNothing(string sql) => !Array.Exists(CommitsByItself, word => sql.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>Does all-or-nothing work until it does not collide.</summary>
    public static async Task RepeatAsync(Func<Task> work, CancellationToken ct = default)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await work();
                return;
            }
            catch (PostgresException e) when (IsCollision(e) && tries < Tries)
            {
                await Task.Delay(Random.Shared.Next(10, 100), ct);
            }
        }
    }

    private static bool IsCollision(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.InternalError => e.MessageText.StartsWith("tuple concurrently", StringComparison.Ordinal),
        PostgresErrorCodes.UniqueViolation => e.ConstraintName is "pg_parameter_acl_parname_index",
        PostgresErrorCodes.ObjectInUse => e.MessageText.Contains("is being accessed by other users", StringComparison.Ordinal),
        _ => false,
    };
}
