using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Nebula.Rotation.Engine.Workflow;

namespace Nebula.Rotation.Engine.Tests.Workflow;

public sealed class TelemetryTests
{
    [Fact]
    public async Task A_rotation_is_a_span_and_its_stages_and_failures_are_measured()
    {
        ConcurrentQueue<Activity> spans = [];
        ConcurrentQueue<(string Instrument, string Tags)> measured = [];
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == Telemetry.Name)
                self.EnableMeasurementEvents(instrument);
        };
        meters.SetMeasurementEventCallback<long>((instrument, _, tags, _) => measured.Enqueue((instrument.Name, Text(tags))));
        meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => measured.Enqueue((instrument.Name, Text(tags))));
        meters.Start();
        await using var world = await World.CreateAsync("a1");
        await using var service = new RotationService(world.Services());

        var record = await service.RotateAsync(World.Request, world.Observer, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<RotationException>(
            () => service.RotateAsync(new() { Name = "app", VerifyQuery = "fails" }, world.Observer, TestContext.Current.CancellationToken));

        // Other tests of this process are listened to as well: this one's spans have its rotation.
        var span = Assert.Single(spans, span => Equals(span.GetTagItem("nebula.rotation.id"), record.RotationId.ToString("D")));
        Assert.Equal("nebula rotate", span.DisplayName);
        Assert.Equal("Completed", span.GetTagItem("nebula.state"));
        Assert.Equal(8, span.Events.Count());
        Assert.Contains(spans, other => other.Status == ActivityStatusCode.Error && Equals(other.GetTagItem("error.type"), "VerificationFailed"));
        foreach (var stage in record.Stages.Select(stage => stage.Stage).Distinct())
            Assert.Contains(measured, found => found.Instrument == "nebula.rotation.stage.duration" && found.Tags.Contains($"stage={stage};", StringComparison.Ordinal));
        Assert.Contains(measured, found => found.Instrument == "nebula.rotation.count" && found.Tags.Contains("state=Completed;", StringComparison.Ordinal));
        Assert.Contains(measured, found => found.Instrument == "nebula.rotation.failures" && found.Tags.Contains("error.type=VerificationFailed;", StringComparison.Ordinal));
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = "";
        foreach (var tag in tags)
            text += $"{tag.Key}={tag.Value};";
        return text;
    }
}
