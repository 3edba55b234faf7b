using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests.Pipeline;

/// <summary>Invoke-NebulaRotation -Due: what a scheduler runs.</summary>
public sealed class DueTests
{
    [Fact]
    public void What_is_due_is_done_without_a_name_and_says_when_the_next_is()
    {
        using var scene = NewScene();
        var result = scene.Run("Invoke-NebulaRotation -Due -Tag prod -Force -Verbose").ThrowIfFailed();
        Assert.Equal(["Resume first", "Rotate second"], scene.Service.Calls);
        Assert.Equal(["prod"], scene.Service.DueFilter!.Tags);
        Assert.True(scene.Service.Fleet!.IsScheduled);
        Assert.Contains(result.Verbose, line => line.Contains("The next is due at 1970-01-01", StringComparison.Ordinal));
        Assert.Contains(result.Verbose, line => line.Contains("second: Due since", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_to_do_is_a_success_with_a_summary()
    {
        using var scene = new Scene();
        var result = scene.Run("Invoke-NebulaRotation -Due -Force -Summary").ThrowIfFailed();
        Assert.Empty(Assert.IsType<RotationSummary>(Assert.Single(result.Output).BaseObject).Results);
    }

    [Fact]
    public void A_run_in_which_one_failed_ends_in_a_terminating_error_after_the_others_are_done()
    {
        using var scene = NewScene();
        scene.Service.ScriptOf("first").FailAt = RotationStage.Retire;
        var result = scene.Run("Invoke-NebulaRotation -Due -Force -Summary");
        Assert.Equal(["Resume first", "Rotate second"], scene.Service.Calls);
        var whole = Assert.Single(result.Errors, error => error.FullyQualifiedErrorId.StartsWith("Nebula.RotationsFailed,", StringComparison.Ordinal));
        Assert.Contains("1 of 2 failed: 'first'.", whole.Exception.Message, StringComparison.Ordinal);
        Assert.Single(result.Errors, error => error.FullyQualifiedErrorId.StartsWith("Nebula.VerificationFailed,", StringComparison.Ordinal));
        Assert.IsType<RotationSummary>(result.Output[^1].BaseObject);
        Assert.Equal("caught", Assert.Single(scene.Run("try { [void](Invoke-NebulaRotation -Due -Force -ErrorAction SilentlyContinue) } catch { 'caught' }").Output).BaseObject);
    }

    [Fact]
    public void Where_nobody_can_answer_and_nobody_said_not_to_ask_the_command_ends_before_any_work()
    {
        using var scene = NewScene();
        var result = scene.Run("$ErrorActionPreference = 'Stop'; Invoke-NebulaRotation -Due");
        Assert.StartsWith("Nebula.ConfirmationRequired,", result.TerminatingRecord!.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(scene.Service.Calls);
    }

    [Fact]
    public void WhatIf_says_what_would_be_done_and_does_nothing()
    {
        using var scene = NewScene();
        scene.Service.Plan = Plans.Example("second");
        scene.Run("Invoke-NebulaRotation -Due -WhatIf").ThrowIfFailed();
        Assert.Equal(["Plan second"], scene.Service.Calls);
        Assert.Contains("What was left open is finished.", scene.Host.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_does_not_go_with_it()
    {
        using var scene = NewScene();
        Assert.Single(scene.Run("Invoke-NebulaRotation first -Due -Force").Errors);
        Assert.Empty(scene.Service.Calls);
    }

    [Fact]
    public void Get_lists_what_is_due()
    {
        using var scene = NewScene();
        scene.Service.Credentials[0] = scene.Service.Credentials[0] with { NextRotationAt = DateTimeOffset.UtcNow.AddMinutes(-1) };
        var due = Assert.Single(scene.Run("Get-NebulaDbCredential -Due").ThrowIfFailed().Output);
        Assert.Equal("first", ((DatabaseCredential)due.BaseObject).Name);
    }

    /// <summary>The first was left open by an earlier run, the second is due, the third is not.</summary>
    private static Scene NewScene()
    {
        var scene = new Scene(null, "first", "second", "third");
        scene.Service.Due.Add(new() { Credential = scene.Service.Credentials[0], Action = DueAction.Finish, RotationId = Guid.NewGuid(), Reason = "It was left Draining." });
        scene.Service.Due.Add(new() { Credential = scene.Service.Credentials[1], Action = DueAction.Rotate, Reason = "Due since yesterday." });
        return scene;
    }
}
