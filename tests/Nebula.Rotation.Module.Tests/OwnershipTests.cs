using System.Text.RegularExpressions;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>Convert-NebulaOwnership, as a user meets it.</summary>
public sealed partial class OwnershipTests
{
    [Fact]
    public void Each_step_is_an_object_and_the_last_one_is_the_result()
    {
        using var scene = new Scene();
        var result = scene.Run("Convert-NebulaOwnership orders -Force").ThrowIfFailed();
        Assert.Equal([OwnershipStep.OwnerRole, OwnershipStep.Move, OwnershipStep.Result], result.Output.Select(o => ((OwnershipChange)o.BaseObject).Step));
        Assert.Equal("public.items", ((OwnershipChange)result.Output[1].BaseObject).ObjectName);
        var request = Assert.Single(scene.Service.OwnershipRequests);
        Assert.Equal(("orders", DatabaseCredential.DefaultScope, (string?)null, false), (request.Name, request.Scope, request.Owner, request.Undo));
        Assert.Null(request.Admin);
    }

    [Fact]
    public void What_is_given_reaches_the_engine()
    {
        using var scene = new Scene(null, "orders", "stock");
        scene.Run(
            "$p = [securestring]::new(); $p.AppendChar('x'); Get-NebulaDbCredential | Convert-NebulaOwnership -Owner shop -Undo -Confirm:$false -AdminCredential ([pscredential]::new('boss', $p))")
            .ThrowIfFailed();
        Assert.Equal(["orders", "stock"], scene.Service.OwnershipRequests.Select(request => request.Name));
        Assert.All(scene.Service.OwnershipRequests, request =>
        {
            Assert.Equal("shop", request.Owner);
            Assert.True(request.Undo);
            Assert.Equal("boss", request.Admin!.Username);
        });
    }

    [Fact]
    public void WhatIf_shows_the_statements_and_starts_nothing()
    {
        using var scene = new Scene();
        scene.Service.Plan = Plans.Example("orders") with { NewUsername = "orders_owner" };
        var result = scene.Run("Convert-NebulaOwnership orders -Owner shop -WhatIf -Force").ThrowIfFailed();
        Assert.Equal(["PlanOwnership orders"], scene.Service.Calls);
        Assert.Equal("shop", Assert.Single(scene.Service.OwnershipRequests).Owner);
        Assert.Empty(result.Output);
        Assert.Contains("What if: Performing the operation \"Change owner\" on target \"orders: PostgreSql db1:5432/app, live login 'orders_old'\".", scene.Host.Everything, StringComparison.Ordinal);
        Assert.Contains("What 'orders_old' owns goes to 'orders_owner'.", scene.Host.Everything, StringComparison.Ordinal);
        Assert.Contains("[app] REASSIGN public.items", scene.Host.Everything, StringComparison.Ordinal);
        Assert.Contains(result.Warnings, w => w.Contains("would be refused: subscription s", StringComparison.Ordinal));
    }

    [Fact]
    public void A_refusal_is_an_error_about_that_credential_and_the_next_one_has_its_turn()
    {
        using var scene = new Scene(null, "orders", "stock");
        var result = scene.Run("'nobody', 'stock' | Convert-NebulaOwnership -Force");
        var error = Assert.Single(result.Errors);
        Assert.StartsWith("Nebula.CredentialNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal("nobody", error.TargetObject);
        Assert.Equal(["ConvertOwnership stock"], scene.Service.Calls);
    }

    [Fact]
    public async Task Ctrl_C_reaches_the_work_and_is_waited_for()
    {
        using var scene = new Scene();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = false;
        scene.Service.Conversion = async (_, stop) =>
        {
            reached.SetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, stop);
            }
            finally
            {
                ended = true;
            }
        };
        var run = scene.Start("Convert-NebulaOwnership orders -Force");
        await reached.Task.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        scene.Stop();
        await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.True(ended);
    }

    [Fact]
    public void A_change_of_owner_reads_as_a_table_under_its_roles()
    {
        using var scene = new Scene();
        scene.Run("Convert-NebulaOwnership orders -Force | Out-Default").ThrowIfFailed();
        var shown = Colour().Replace(string.Join('\n', scene.Host.Lines), "");
        Assert.Contains("Ownership: orders: orders_old -> orders_owner", shown, StringComparison.Ordinal);
        Assert.Matches(@"Step\s+Status\s+Duration\s+Database\s+Message", shown);
        Assert.Matches(@"Move\s+Succeeded\s+1\.2 s\s+app\s+Move is over\.", shown);
    }

    [GeneratedRegex("\x1b\\[[0-9;]*m")]
    private static partial Regex Colour();
}
