using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>Keeps a real rotation in one stage, by what others do to a server: a lock, a session that stays, a program that takes its time.</summary>
internal sealed class StageHold : IAsyncDisposable
{
    private readonly RealScene _scene;
    private readonly RotationStage _stage;
    private readonly NpgsqlConnection? _connection;

    private StageHold(RealScene scene, RotationStage stage, NpgsqlConnection? connection) => (_scene, _stage, _connection) = (scene, stage, connection);

    /// <summary>What the rotation is told, besides.</summary>
    public string Arguments => _stage == RotationStage.Verify ? "-VerifyQuery 'SELECT pg_sleep(45)'" : "";

    public static async Task<StageHold> PlaceAsync(RealScene scene, RotationStage stage)
    {
        if (stage == RotationStage.Publish)
            scene.CloseGate();
        // A session of the old login that nobody ends keeps the drain; a lock that somebody holds keeps who writes there, and in Prepare who reads.
        var connection = stage switch
        {
            RotationStage.Drain => await scene.OpenAsync(asOldLogin: true),
            RotationStage.Prepare => await LockAsync(scene, "pg_default_acl", "ACCESS EXCLUSIVE"),
            RotationStage.CreateLogin => await LockAsync(scene, "pg_authid", "SHARE"),
            RotationStage.ClonePermissions => await LockAsync(scene, "pg_default_acl", "SHARE"),
            RotationStage.Retire => await LockAsync(scene, "things.mine", "ACCESS SHARE"),
            _ => null,
        };
        return new(scene, stage, connection);
    }

    /// <summary>Waits until the rotation is where it is held.</summary>
    public async Task ReachedAsync(Probe seen)
    {
        if (_stage is RotationStage.Drain or RotationStage.Complete)
        {
            await seen.Saw((int)_stage);
            return;
        }

        await Waiting.ForAsync(
            async () => _stage switch
            {
                RotationStage.Publish => File.Exists(_scene.AtGate),
                RotationStage.Verify => await IsTrueAsync("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(45)%' AND pid <> pg_backend_pid())"),
                _ => await IsTrueAsync("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"),
            },
            $"The rotation is in {_stage}.");
    }

    public async ValueTask DisposeAsync()
    {
        _scene.OpenGate();
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    private static async Task<NpgsqlConnection> LockAsync(RealScene scene, string table, string mode)
    {
        var connection = await scene.OpenAsync();
#pragma warning disable CA2100 // The names above.
        await using var command = new NpgsqlCommand($"BEGIN; LOCK TABLE {table} IN {mode} MODE", connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    private async Task<bool> IsTrueAsync(string question)
    {
        await using var connection = await _scene.OpenAsync();
#pragma warning disable CA2100 // The questions above.
        await using var command = new NpgsqlCommand(question, connection);
#pragma warning restore CA2100
        return (bool)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }
}
