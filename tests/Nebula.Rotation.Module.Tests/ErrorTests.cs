using System.Management.Automation;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>Errors have an id, a true category, the credential's name as target, and say what to do.</summary>
public sealed class ErrorTests
{
    public static TheoryData<RotationErrorCode> Codes => [.. Enum.GetValues<RotationErrorCode>()];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Each_code_has_its_id_and_a_category(RotationErrorCode code)
    {
        using var scene = new Scene();
        var script = scene.Service.ScriptOf("orders");
        script.FailAt = RotationStage.Verify;
        script.Failure = new RotationException(code, "What is true.", "What to do.");
        var error = Assert.Single(scene.Run("Invoke-NebulaRotation orders -Force").Errors);
        Assert.Equal($"Nebula.{code},Nebula.Rotation.Module.Commands.InvokeNebulaRotationCommand", error.FullyQualifiedErrorId);
        Assert.NotEqual(ErrorCategory.NotSpecified, error.CategoryInfo.Category);
        Assert.Equal("orders", error.TargetObject);
        Assert.Equal("What is true.", error.ErrorDetails.Message);
        Assert.Equal("What to do.", error.ErrorDetails.RecommendedAction);
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void An_error_that_knows_no_advice_has_that_of_its_code(RotationErrorCode code)
    {
        using var scene = new Scene();
        scene.Service.Failures["GetRotations"] = new RotationException(code, "What is true.");
        Assert.NotEmpty(Assert.Single(scene.Run("Get-NebulaRotation orders").Errors).ErrorDetails.RecommendedAction);
    }

    [Fact]
    public void One_that_fails_does_not_keep_the_others_from_their_turn()
    {
        using var scene = new Scene(null, "first", "second", "third");
        scene.Service.ScriptOf("second").FailAt = RotationStage.CreateLogin;
        var result = scene.Run("'first', 'second', 'nobody', 'third' | Invoke-NebulaRotation -Force");
        Assert.Equal(["Rotate first", "Rotate second", "Rotate third"], scene.Service.Calls);
        Assert.Equal(["nobody", "second"], result.Errors.Select(e => e.TargetObject));
        Assert.Equal(8, result.Output.Count(o => ((StageResult)o.BaseObject).Credential == "third"));
    }

    [Fact]
    public void With_ErrorAction_Stop_the_next_is_not_started()
    {
        using var scene = new Scene(null, "first", "second");
        scene.Service.ScriptOf("first").FailAt = RotationStage.CreateLogin;
        var result = scene.Run("'first', 'second' | Invoke-NebulaRotation -Force -ErrorAction Stop");
        Assert.StartsWith("Nebula.VerificationFailed,", result.TerminatingRecord!.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(["Rotate first"], scene.Service.Calls);
    }

    [Fact]
    public void A_store_that_cannot_be_opened_ends_the_command()
    {
        using var scene = new Scene();
        scene.Service.Failures["Open"] = new RotationException(RotationErrorCode.StoreUnavailable, "No store.", "Make one.");
        var result = scene.Run("try { 'a', 'b' | Get-NebulaDbCredential -Store ./x.db } catch { $_.FullyQualifiedErrorId }");
        Assert.StartsWith("Nebula.StoreUnavailable,", Assert.Single(result.Output).ToString(), StringComparison.Ordinal);
        Assert.Single(scene.Service.Opened);
    }

    [Fact]
    public void An_exception_that_was_not_foreseen_stays_what_it_is()
    {
        using var scene = new Scene();
        var script = scene.Service.ScriptOf("orders");
        script.FailAt = RotationStage.Verify;
        script.Failure = new FormatException("A defect.");
        var error = Assert.Single(scene.Run("Invoke-NebulaRotation orders -Force").Errors);
        Assert.StartsWith("Nebula.Unexpected,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Same(script.Failure, error.Exception);
        Assert.Contains("FormatException: A defect.", error.ErrorDetails.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_ends_undone_is_a_failure_of_a_rotation()
    {
        using var scene = new Scene();
        var script = scene.Service.ScriptOf("orders");
        script.Record = script.Ending(scene.Service.Credentials[0], RotationState.RolledBack) with
        {
            ErrorCode = RotationErrorCode.DrainTimedOut,
            Message = "Three sessions were left.",
        };
        var error = Assert.Single(scene.Run("Invoke-NebulaRotation orders -Force").Errors);
        Assert.StartsWith("Nebula.DrainTimedOut,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(scene.Run("Resume-NebulaRotation orders").Errors);
    }
}
