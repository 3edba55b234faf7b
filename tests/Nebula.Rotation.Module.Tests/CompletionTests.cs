using System.Management.Automation;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>-Name completes from the store.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("Invoke-NebulaRotation or", "orders,'orders 2'")]
    [InlineData("Get-NebulaDbCredential -Name sh", "shop")]
    [InlineData("Get-NebulaRotation x", "")]
    public void A_name_completes(string line, string expected)
    {
        using var scene = new Scene(null, "shop", "orders 2", "orders");
        Assert.Equal(expected, string.Join(',', Complete(scene, line)));
    }

    [Fact]
    public void A_shared_store_is_not_asked()
    {
        using var scene = new Scene();
        Assert.Empty(Complete(scene, "Get-NebulaDbCredential -Store postgresql://h/d -Name or"));
        Assert.Empty(scene.Service.Opened);
    }

    [Fact]
    public void A_store_that_fails_completes_nothing_and_says_nothing()
    {
        using var scene = new Scene();
        scene.Service.Failures["Open"] = new RotationException(RotationErrorCode.StoreUnavailable, "No store.");
        Assert.Empty(Complete(scene, "Get-NebulaDbCredential or"));
    }

    private static List<string> Complete(Scene scene, string line)
    {
        var result = scene.Run(
            "param($l) [Management.Automation.CommandCompletion]::CompleteInput($l, $l.Length, $null).CompletionMatches",
            new Dictionary<string, object> { ["l"] = line }).ThrowIfFailed();
        return [.. result.Output.Select(o => (CompletionResult)o.BaseObject).Where(c => c.ResultType == CompletionResultType.ParameterValue).Select(c => c.CompletionText)];
    }
}
