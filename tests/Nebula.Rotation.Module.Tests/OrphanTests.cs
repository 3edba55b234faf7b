using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>Left-over logins as a user finds and removes them.</summary>
public sealed class OrphanTests
{
    [Fact]
    public void Without_Remove_orphans_are_listed_and_stay()
    {
        using var scene = With(Orphan("orders_0123abcd", isOurs: true), Orphan("orders_89abcdef", isOurs: false));
        var found = scene.Run("Get-NebulaDbCredential orders | Find-NebulaOrphanLogin").Output;
        Assert.Equal(["orders_0123abcd", "orders_89abcdef"], found.Select(orphan => orphan.ToString()));
        Assert.DoesNotContain(scene.Service.Calls, call => call.StartsWith("RemoveOrphan", StringComparison.Ordinal));
    }

    [Fact]
    public void With_Remove_only_those_that_are_proved_ours_are_dropped()
    {
        using var scene = With(Orphan("orders_0123abcd", isOurs: true), Orphan("orders_89abcdef", isOurs: false));
        scene.Run("Find-NebulaOrphanLogin orders -Remove -Force").ThrowIfFailed();
        Assert.Equal(["RemoveOrphan orders_0123abcd"], scene.Service.Calls.Where(call => call.StartsWith("RemoveOrphan", StringComparison.Ordinal)));
    }

    [Fact]
    public void WhatIf_drops_nothing()
    {
        using var scene = With(Orphan("orders_0123abcd", isOurs: true));
        scene.Run("Find-NebulaOrphanLogin orders -Remove -WhatIf").ThrowIfFailed();
        Assert.DoesNotContain(scene.Service.Calls, call => call.StartsWith("RemoveOrphan", StringComparison.Ordinal));
    }

    private static Scene With(params OrphanLogin[] orphans)
    {
        var scene = new Scene();
        scene.Service.Orphans.AddRange(orphans);
        return scene;
    }

    private static OrphanLogin Orphan(string username, bool isOurs) => new()
    {
        Credential = "orders",
        Scope = "global",
        DatabaseType = DatabaseType.PostgreSql,
        Username = username,
        CanLogIn = true,
        IsOurs = isOurs,
        Reason = "Left behind.",
    };
}
