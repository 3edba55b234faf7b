namespace Nebula.Rotation.TestServers;

/// <summary>How a PostgreSQL server is stopped (manual, chapter "Shutting Down the Server").</summary>
public enum PostgresStopMode
{
    /// <summary>Sessions are ended, transactions rolled back, and a checkpoint written (SIGINT).</summary>
    Fast,

    /// <summary>As a crash: nothing is written, the next start recovers (SIGQUIT).</summary>
    Immediate,

    /// <summary>Every process of the server gets a SIGKILL: what a lack of memory, or of power, leaves.</summary>
    Kill,
}
