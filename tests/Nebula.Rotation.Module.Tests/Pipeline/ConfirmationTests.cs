using System.Management.Automation;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests.Pipeline;

/// <summary>A command of high impact asks before it works, and refuses where nobody can answer.</summary>
public sealed class ConfirmationTests
{
    public static TheoryData<string> Commands => ["Invoke-NebulaRotation orders", "Undo-NebulaRotation orders", "Remove-NebulaDbCredential orders", "Convert-NebulaOwnership orders"];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Where_nobody_can_answer_the_command_ends_before_any_work(string command)
    {
        using var scene = new Scene();
        var result = scene.Run($"try {{ {command} }} catch {{ $_ }}");
        var error = Assert.IsType<ErrorRecord>(Assert.Single(result.Output).BaseObject);
        Assert.StartsWith("Nebula.ConfirmationRequired,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal("orders", error.TargetObject);
        Assert.Contains("-Force", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(scene.Service.Calls);
    }

    [Fact]
    public void A_host_without_a_user_interface_gets_the_same_error()
    {
        using var scene = new Scene(new TestHost(hasUserInterface: false));
        var result = scene.Run("$ErrorActionPreference = 'Stop'; Invoke-NebulaRotation orders");
        Assert.StartsWith("Nebula.ConfirmationRequired,", result.TerminatingRecord!.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(scene.Service.Calls);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Force_does_not_ask(string command)
    {
        using var scene = new Scene();
        scene.Run($"{command} -Force").ThrowIfFailed();
        Assert.Single(scene.Service.Calls);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Confirm_false_does_not_ask(string command)
    {
        using var scene = new Scene();
        scene.Run($"{command} -Confirm:$false").ThrowIfFailed();
        Assert.Single(scene.Service.Calls);
    }

    [Fact]
    public void A_preference_for_no_questions_counts()
    {
        using var scene = new Scene();
        scene.Run("$ConfirmPreference = 'None'; Invoke-NebulaRotation orders").ThrowIfFailed();
        Assert.Equal(["Rotate orders"], scene.Service.Calls);
    }

    [Fact]
    public void Confirm_is_stronger_than_force()
    {
        using var scene = new Scene();
        scene.Host.Answers.Enqueue("No");
        scene.Run("Invoke-NebulaRotation orders -Force -Confirm").ThrowIfFailed();
        Assert.Empty(scene.Service.Calls);
    }

    [Fact]
    public void Every_question_is_asked_before_the_first_work_and_a_no_leaves_that_one_alone()
    {
        using var scene = new Scene(null, "first", "second", "third");
        foreach (var answer in new[] { "Yes", "No", "Yes" })
            scene.Host.Answers.Enqueue(answer);
        // The first failure shows that no question came after it.
        scene.Service.ScriptOf("first").FailAt = RotationStage.Prepare;
        var result = scene.Run("'first', 'second', 'third' | Invoke-NebulaRotation -ErrorAction Stop");
        Assert.Equal(3, scene.Host.Questions.Count);
        Assert.Equal(["Rotate first"], scene.Service.Calls);
        Assert.NotNull(result.Terminating);
        Assert.Contains(scene.Host.Questions, q => q.Contains("second_old", StringComparison.Ordinal) && q.Contains("db1:5432/app", StringComparison.Ordinal));
    }

    [Fact]
    public void Yes_to_all_asks_once()
    {
        using var scene = new Scene(null, "first", "second");
        scene.Host.Answers.Enqueue("Yes to All");
        scene.Run("'first', 'second' | Invoke-NebulaRotation").ThrowIfFailed();
        Assert.Equal(["Rotate first", "Rotate second"], scene.Service.Calls);
    }

    [Fact]
    public void WhatIf_shows_the_statements_and_starts_nothing()
    {
        using var scene = new Scene();
        scene.Service.Plan = Plans.Example("orders");
        var result = scene.Run("Invoke-NebulaRotation orders -WhatIf").ThrowIfFailed();
        Assert.Equal(["Plan orders"], scene.Service.Calls);
        Assert.Empty(result.Output);
        var shown = scene.Host.Everything;
        Assert.Contains("What if: Performing the operation \"Rotate\" on target \"orders: PostgreSql db1:5432/app, live login 'orders_old'\".", shown, StringComparison.Ordinal);
        Assert.Contains("[CreateLogin] CREATE ROLE \"orders_1f2e3d4c\" LOGIN PASSWORD '***'", shown, StringComparison.Ordinal);
        Assert.Contains("[Retire, app] REASSIGN", shown, StringComparison.Ordinal);
        Assert.Contains(result.Warnings, w => w.Contains("would be refused", StringComparison.Ordinal));
    }

    [Fact]
    public void WhatIf_with_force_starts_nothing_either()
    {
        using var scene = new Scene();
        scene.Service.Plan = Plans.Example("orders");
        scene.Run("Invoke-NebulaRotation orders -WhatIf -Force").ThrowIfFailed();
        Assert.Equal(["Plan orders"], scene.Service.Calls);
    }

    [Fact]
    public void The_preference_for_what_if_counts()
    {
        using var scene = new Scene();
        scene.Run("$WhatIfPreference = $true; Remove-NebulaDbCredential orders; Undo-NebulaRotation orders; Resume-NebulaRotation orders").ThrowIfFailed();
        Assert.Empty(scene.Service.Calls);
        Assert.Equal(3, scene.Host.Lines.Count(line => line.StartsWith("What if:", StringComparison.Ordinal)));
    }

    [Fact]
    public void Resume_does_not_ask()
    {
        using var scene = new Scene();
        scene.Run("Resume-NebulaRotation orders").ThrowIfFailed();
        Assert.Equal(["Resume orders"], scene.Service.Calls);
    }
}
