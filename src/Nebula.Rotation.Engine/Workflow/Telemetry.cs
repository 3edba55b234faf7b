using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>
/// What a collector of OpenTelemetry can listen to: an ActivitySource and a Meter, both named <c>Nebula.Rotation</c>. A name, a state or a code is told,
/// never a message: those may quote a server.
/// </summary>
internal static class Telemetry
{
    public const string Name = "Nebula.Rotation";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Rotations =
        Meter.CreateCounter<long>("nebula.rotation.count", "{rotation}", "Rotations, undos and resumes by how they ended.");

    private static readonly Histogram<double> Stages =
        Meter.CreateHistogram<double>("nebula.rotation.stage.duration", "s", "How long a stage took.");

    private static readonly Counter<long> Drained =
        Meter.CreateCounter<long>("nebula.rotation.sessions.drained", "{session}", "Sessions of old logins that a drain saw end.");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>("nebula.rotation.failures", "{failure}", "Failures by their code.");

    /// <summary>A span of one command on one credential, with its outcome; the work's result or exception passes through.</summary>
    public static async Task<RotationRecord> WatchAsync(string operation, RotationRequest request, Func<Task<RotationRecord>> work)
    {
        using var activity = Source.StartActivity($"nebula {operation}");
        activity?.SetTag("nebula.credential", request.Name);
        activity?.SetTag("nebula.scope", request.Scope);
        try
        {
            var record = await work();
            activity?.SetTag("nebula.rotation.id", record.RotationId.ToString("D"));
            activity?.SetTag("nebula.state", record.State.ToString());
            activity?.SetTag("db.system.name", SystemName(record.DatabaseType));
            Rotations.Add(1, new("operation", operation), new("state", record.State.ToString()), new("db.system.name", SystemName(record.DatabaseType)));
            return record;
        }
        catch (RotationException exception)
        {
            var code = exception.Code.ToString();
            activity?.SetStatus(ActivityStatusCode.Error, code);
            activity?.SetTag("error.type", code);
            Failures.Add(1, new("operation", operation), new("error.type", code));
            throw;
        }
    }

    public static void OnStage(StageResult stage)
    {
        Stages.Record(
            stage.Duration.TotalSeconds, new("stage", stage.Stage.ToString()), new("status", stage.Status.ToString()), new("db.system.name", SystemName(stage.DatabaseType)));
        Activity.Current?.AddEvent(new(stage.Stage.ToString(), tags: new() { ["status"] = stage.Status.ToString() }));
        if (stage is { Stage: RotationStage.Drain, Status: StageStatus.Succeeded } && stage.Details.GetValueOrDefault("SessionsSeen") is int seen and > 0)
            Drained.Add(seen, new KeyValuePair<string, object?>("db.system.name", SystemName(stage.DatabaseType)));
    }

    /// <summary>The names of OpenTelemetry's semantic conventions for databases.</summary>
    private static string SystemName(DatabaseType type) => type switch
    {
        DatabaseType.PostgreSql => "postgresql",
        DatabaseType.MySql => "mysql",
        DatabaseType.MongoDb => "mongodb",
        DatabaseType.Redis => "redis",
        _ => "other_sql",
    };
}
