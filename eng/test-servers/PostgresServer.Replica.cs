namespace Nebula.Rotation.TestServers;

public sealed partial class PostgresServer
{
    /// <summary>Starts a hot standby of a server of our own, which streams from it and lets the same logins in. It stops when it is disposed, or with the run.</summary>
    /// <exception cref="ServerUnavailableException">It cannot be had; the message says why.</exception>
    /// <exception cref="ExternalServerNotSupportedException">The primary was given.</exception>
    public static async Task<PostgresServer> StartReplicaAsync(PostgresServer primary, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(primary);
        if (!OperatingSystem.IsLinux())
            throw new ServerUnavailableException("PostgreSQL", "local servers are for Linux.");
        var binaries = primary.Programs(nameof(StartReplicaAsync));
        var cluster = await PostgresCluster.CreateReplicaAsync(primary.Own(nameof(StartReplicaAsync)), primary.SuperUser, primary.SuperPassword, ct);
        return new PostgresServer(primary._endpoint with { Port = cluster.Port }, cluster, binaries, primary.Version);
    }

    /// <summary>Waits until this standby has replayed all that its primary has written so far.</summary>
    public async Task CatchUpAsync(PostgresServer primary, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(primary);
        await using var source = await primary.OpenAsync(ct: ct);
        await using var ask = source.CreateCommand();
        ask.CommandText = "SELECT pg_current_wal_lsn()::text";
        var goal = (string)(await ask.ExecuteScalarAsync(ct))!;
        await using var standby = await OpenAsync(ct: ct);
        await using var compare = standby.CreateCommand();
        compare.CommandText = "SELECT coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false)";
        compare.Parameters.Add(new() { Value = goal });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(TimeSpan.FromMinutes(4));
        while (await compare.ExecuteScalarAsync(patience.Token) is not true)
            await Task.Delay(20, patience.Token);
    }
}
