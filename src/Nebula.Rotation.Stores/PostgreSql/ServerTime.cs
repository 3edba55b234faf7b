namespace Nebula.Rotation.Stores.PostgreSql;

/// <summary>The clock of the store's server, as far as it was off from this machine's when the store was opened: what several runners write is in one time.</summary>
internal sealed class ServerTime(TimeProvider time, TimeSpan offset) : TimeProvider
{
    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + offset;

    public override long GetTimestamp() => time.GetTimestamp();
}
